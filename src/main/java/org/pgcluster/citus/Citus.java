package org.pgcluster.citus;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ArrayText;
import org.pgcluster.postgres.Sql;

/**
 * Citus within one call, through the server that is configured: its metadata, and questions to all nodes at once, which
 * end within seconds whoever is down or frozen. Confined to one call.
 */
public final class Citus {
    static final Duration TO_CONNECT = Duration.ofMillis(1500);
    private static final Duration ONE_ROUND = Duration.ofMillis(3500);

    /** Columns that only newer versions have are read through JSON. */
    private static final String NODES = """
            SELECT nodeid AS node_id, groupid AS group_id, nodename AS host, nodeport AS port, noderack AS rack,
                   noderole::text AS role, isactive AS active, hasmetadata AS has_metadata,
                   metadatasynced AS metadata_synced, shouldhaveshards AS should_have_shards,
                   nodecluster::text AS node_cluster,
                   nodecluster = current_setting('citus.cluster_name') AS of_this_cluster,
                   coalesce((to_jsonb(node) ->> 'nodeisclone')::boolean, false) AS is_clone
              FROM pg_dist_node AS node
             ORDER BY groupid, nodeid
            """;

    private final Cluster cluster;
    private final Call call;
    private final Sql sql;
    private final Everywhere asking;
    private @Nullable List<CitusNode> nodes;
    private @Nullable Features features;

    private Citus(Cluster cluster, Call call) {
        this.cluster = cluster;
        this.call = call;
        this.sql = cluster.sql(call);
        this.asking = new Everywhere(this, cluster, call);
    }

    public static Citus of(Cluster cluster, Call call) {
        if (!cluster.capabilities(call).has("citus")) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    cluster.name() + " has no extension citus in database "
                            + cluster.database().orElse("?") + ".",
                    "Connect to the database that has it, or take the toolsets out: toolsets: -citus, -tables.");
        }
        return new Citus(cluster, call);
    }

    /** A statement as it may be shown. */
    public @Nullable String shown(@Nullable String statement) {
        return statement == null ? null : cluster.shown(statement);
    }

    /** What a server said of a failure, as it may be shown. */
    public @Nullable String said(@Nullable String message) {
        return message == null ? null : cluster.said(message);
    }

    /** Whether values of rows may be shown. */
    public boolean rowDataAllowed() {
        return cluster.rowDataAllowed();
    }

    /** How long a step of an act waits for a lock. */
    public Duration actLockTimeout() {
        return cluster.actLockTimeout();
    }

    /** For the metadata, which lies on the server that is asked. */
    public Sql sql() {
        return sql;
    }

    public Features features() {
        var known = features;
        if (known == null) {
            known = Features.ask(sql);
            features = known;
        }
        return known;
    }

    /** All registered nodes, also those that nobody asks. */
    public List<CitusNode> nodes() {
        var known = nodes;
        if (known == null) {
            known = nodes(sql);
            nodes = known;
        }
        return known;
    }

    /** As one server's metadata has them. */
    public static List<CitusNode> nodes(Sql sql) {
        return sql.list(CitusNode.class, NODES);
    }

    public Map<Integer, CitusNode> nodesById() {
        Map<Integer, CitusNode> byId = new LinkedHashMap<>();
        nodes().forEach(node -> byId.put(node.nodeId(), node));
        return byId;
    }

    /** The node that an id or {@code host:port} names. */
    public CitusNode node(String named) {
        for (CitusNode node : nodes()) {
            if (node.where().equals(named) || String.valueOf(node.nodeId()).equals(named)) {
                return node;
            }
        }
        throw new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no node " + named + ".",
                "It is one of " + inWords(nodes()) + ", by its number or its address.");
    }

    private static String inWords(List<CitusNode> nodes) {
        return String.join(
                ", ",
                nodes.stream()
                        .map(node -> node.nodeId() + " (" + node.where() + ")")
                        .toList());
    }

    /** How a node is called in an answer; 0 is a coordinator that nobody registered. */
    public String where(int nodeId) {
        CitusNode node = nodesById().get(nodeId);
        return node != null ? node.where() : nodeId == 0 ? "coordinator (not registered)" : "node " + nodeId;
    }

    /**
     * Asks every active primary the same. {@code select} is a format string: values stand as {@code %L}, a percent sign
     * as {@code %%}, and its columns are the record's components.
     */
    public <R extends Record> Round<R> everywhere(Class<R> row, String select, @Nullable Object... values) {
        String question = "SELECT coalesce(json_agg(told), '[]') AS told FROM (" + select + ") AS told";
        List<@Nullable Object> texts = new ArrayList<>();
        for (Object value : values) {
            texts.add(value instanceof Collection<?> many ? ArrayText.write(many) : value);
        }
        return asking.round(row, question, texts);
    }

    /**
     * A statement that Citus itself sends on to the nodes: in bounded time, with what the server said beside its rows. Who
     * did not answer stands only there.
     */
    public <R extends Record> Forwarded<R> forwarded(Class<R> row, String statement, @Nullable Object... values) {
        Call own = call.atMost(ONE_ROUND);
        try (var handle = call.onCancel(own::cancel)) {
            Sql asking = cluster.sql(own).askingNodes(TO_CONNECT);
            List<R> rows = asking.list(row, statement, values);
            return new Forwarded<>(rows, asking.notices(), null);
        } catch (ToolException e) {
            if (call.cancelled() || call.timeLeft().isZero()) {
                throw e;
            }
            return new Forwarded<>(List.of(), List.of(), e);
        }
    }

    /** Rows, what was said beside them, and why there are none. */
    public record Forwarded<R extends Record>(
            List<R> rows, List<String> notices, @Nullable ToolException failed) {
        public List<Silent> silent() {
            ToolException why = failed;
            return why == null ? List.of() : List.of(new Silent(-1, "nodes", why.text()));
        }
    }

    /** Two questions at the same time, so that a node that is frozen costs its patience once. */
    @SuppressWarnings("unchecked") // the answers come in the order of the questions
    public <A, B> Both<A, B> atOnce(Function<Citus, A> one, Function<Citus, B> other) {
        nodes();
        features();
        List<Object> answers = Together.all(
                List.<Function<Citus, ?>>of(one, other), question -> Objects.requireNonNull(question.apply(this)));
        return new Both<>((A) answers.get(0), (B) answers.get(1));
    }

    /** Several; the answers come in the order of the questions. */
    public List<Round<?>> allAtOnce(List<Function<Citus, ? extends Round<?>>> questions) {
        nodes();
        features();
        return Together.all(questions, question -> question.apply(this));
    }

    /** The answers to two questions. */
    public record Both<A, B>(A one, B other) {}

    /** Fills in {@code {kind}}, the kind of a table of Citus, which depends on what this version has. */
    public String forThisVersion(String text) {
        return text.replace("{kind}", Table.KIND)
                .replace("{schemas}", features().schemas());
    }
}
