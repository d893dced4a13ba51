package org.pgcluster.snapshot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Node;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;

/**
 * What the database server and each Citus node beside it answered, and who did not, in one order. Each has its own time,
 * so that one that hangs costs the others nothing. Immutable.
 */
public record Everywhere<T>(List<T> answers, List<Unread> unavailable) {
    public Everywhere {
        answers = List.copyOf(answers);
        unavailable = List.copyOf(unavailable);
    }

    /** Asks one server; the component is {@code postgres} or {@code citus}. */
    public interface Question<T> {
        T of(String component, String where, Sql sql);
    }

    private interface Asked<T> {
        T within(Call call);
    }

    private sealed interface Part<T> {}

    private record Answered<T>(T answer) implements Part<T> {}

    private record Silent<T>(Unread why) implements Part<T> {}

    public static <T> Everywhere<T> ask(Cluster cluster, Call call, Duration each, Question<T> question) {
        if (cluster.settings().coordinator().isEmpty() && cluster.anythingConfigured()) {
            return new Everywhere<>(List.of(), List.of()); // a database that nobody named is not out of reach
        }
        var where = cluster.addressInWords().orElse("not configured");
        List<Supplier<List<Part<T>>>> both = List.of(
                () -> List.of(part(
                        "postgres",
                        where,
                        call,
                        each,
                        own -> question.of("postgres", where, cluster.reservedSql(own)))),
                () -> others(cluster, call, each, question));
        List<List<Part<T>>> parts = Together.all(both, Supplier::get);
        var answers = new ArrayList<T>();
        var unavailable = new ArrayList<Unread>();
        parts.get(0).forEach(part -> sort(part, answers, unavailable));
        boolean blind = !unavailable.isEmpty() && !cluster.nodesAreConfigured();
        if (!blind) { // else it is the same silence that hides the nodes
            parts.get(1).forEach(part -> sort(part, answers, unavailable));
        }
        return new Everywhere<>(answers, unavailable);
    }

    /** Workers that are configured are known even when nobody can be asked for them. */
    private static <T> List<Part<T>> others(Cluster cluster, Call call, Duration each, Question<T> question) {
        Part<List<Node>> nodes = part("citus", "pg_dist_node", call, each, cluster::nodes);
        if (nodes instanceof Silent<List<Node>> silent) {
            return List.of(new Silent<>(silent.why()));
        }
        return Together.all(
                ((Answered<List<Node>>) nodes).answer(),
                node -> part(
                        "citus",
                        node.where(),
                        call,
                        each,
                        own -> question.of("citus", node.where(), node.reservedSql(own))));
    }

    private static <T> Part<T> part(String component, String where, Call call, Duration each, Asked<T> asked) {
        var own = call.atMost(each);
        try (var handle = call.onCancel(own::cancel)) {
            return new Answered<>(asked.within(own));
        } catch (ToolException e) {
            return new Silent<>(Unread.of(component, where, e));
        }
    }

    private static <T> void sort(Part<T> part, List<T> answers, List<Unread> unavailable) {
        if (part instanceof Answered<T> answered) {
            answers.add(answered.answer());
        } else {
            unavailable.add(((Silent<T>) part).why());
        }
    }
}
