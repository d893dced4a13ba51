package org.pgcluster.snapshot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Components;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.patroni.Observed;
import org.pgcluster.pgbouncer.Bouncer;
import org.pgcluster.pgbouncer.PgBouncer;

/**
 * Patroni, HAProxy and PgBouncer at one moment. Immutable.
 *
 * @param patroni empty where none is configured or none could be asked
 * @param expected what should be there, where somebody said so
 */
public record Surroundings(
        Optional<Observed> patroni,
        List<Proxy> proxies,
        List<Bouncer> bouncers,
        Expected expected,
        List<Unread> unavailable) {
    public static final Surroundings NONE =
            new Surroundings(Optional.empty(), List.of(), List.of(), Expected.NOTHING, List.of());

    public Surroundings {
        proxies = List.copyOf(proxies);
        bouncers = List.copyOf(bouncers);
        unavailable = List.copyOf(unavailable);
    }

    /** All three at once. Patroni is asked in two rounds, so that each of its questions has less than half of the time. */
    public static Surroundings of(Cluster cluster, Call call, Duration each) {
        Components components = cluster.components();
        List<Supplier<Surroundings>> questions = new ArrayList<>();
        if (components.hasPatroni()) {
            questions.add(() -> patroni(cluster, call, each.dividedBy(20).multipliedBy(9)));
        }
        if (components.hasHaproxy()) {
            questions.add(() -> haproxy(components.haproxy(), call, each));
        }
        if (components.hasPgbouncer()) {
            questions.add(() -> pgbouncer(components.pgbouncer(), call, each));
        }
        Surroundings all = NONE;
        for (Surroundings one : Together.all(questions, Supplier::get)) {
            all = all.and(one);
        }
        return new Surroundings(
                all.patroni,
                all.proxies,
                all.bouncers,
                Expected.of(cluster.settings().expect()),
                all.unavailable);
    }

    private static Surroundings patroni(Cluster cluster, Call call, Duration each) {
        try {
            Observed observed = cluster.patroni(call, each);
            List<Unread> silent = Unread.all("patroni", observed.silent());
            return new Surroundings(Optional.of(observed), List.of(), List.of(), Expected.NOTHING, silent);
        } catch (ToolException e) {
            return without(Unread.of("patroni", "all groups", e));
        }
    }

    private static Surroundings haproxy(HaProxy haproxy, Call call, Duration each) {
        HaProxy.Observed observed = haproxy.read(haproxy.instances(), each, call);
        List<Unread> silent = Unread.all("haproxy", observed.silent());
        return new Surroundings(Optional.empty(), observed.proxies(), List.of(), Expected.NOTHING, silent);
    }

    private static Surroundings pgbouncer(PgBouncer pgbouncer, Call call, Duration each) {
        PgBouncer.Observed observed = pgbouncer.read(pgbouncer.instances(), each, Duration.ZERO, call);
        List<Unread> silent = Unread.all("pgbouncer", observed.silent());
        return new Surroundings(Optional.empty(), List.of(), observed.bouncers(), Expected.NOTHING, silent);
    }

    Surroundings naming(Map<String, Integer> numbers) {
        return new Surroundings(
                patroni.map(observed -> observed.named(numbers)), proxies, bouncers, expected, unavailable);
    }

    private static Surroundings without(Unread part) {
        return new Surroundings(Optional.empty(), List.of(), List.of(), Expected.NOTHING, List.of(part));
    }

    private Surroundings and(Surroundings other) {
        return new Surroundings(
                patroni.or(other::patroni),
                joined(proxies, other.proxies),
                joined(bouncers, other.bouncers),
                expected,
                joined(unavailable, other.unavailable));
    }

    private static <T> List<T> joined(List<T> one, List<T> other) {
        List<T> all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }
}
