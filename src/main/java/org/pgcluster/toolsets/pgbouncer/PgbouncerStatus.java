package org.pgcluster.toolsets.pgbouncer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Pooling;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.pgbouncer.Bouncer;
import org.pgcluster.pgbouncer.PgBouncer;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Who waits for a server connection, and why. */
public final class PgbouncerStatus implements Reads<PgbouncerStatus.Input, PgbouncerStatus.Output> {
    private static final Duration BETWEEN_SAMPLES = Duration.ofMillis(500);

    record Input(@Says("Only this PgBouncer") Optional<String> instance) {}

    record Output(
            List<Instance> instances,
            List<Pool> pools,
            List<Database> databases,
            List<String> remarks,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            if (instances.isEmpty()) {
                return "No PgBouncer answered, so nothing is known of its clients.";
            }
            long clients = pools.stream()
                    .mapToLong(pool -> pool.active() + pool.waiting())
                    .sum();
            long waiting = pools.stream().mapToLong(Pool::waiting).sum();
            return clients + (clients == 1 ? " client, " : " clients, ") + waiting + " of them waiting for a server."
                    + (remarks.isEmpty() ? "" : " " + String.join(". ", remarks) + ".");
        }
    }

    record Instance(String instance, String version, boolean mayControl) {}

    /** {@code servers…} are connections to PostgreSQL: at work, free, and on their way. */
    record Pool(
            String instance,
            String database,
            String user,
            String mode,
            long active,
            long waiting,
            double longestWaitSeconds,
            long serversActive,
            long serversIdle,
            long serversOther,
            @Nullable Long room) {}

    record Database(
            String instance,
            String database,
            String leadsTo,
            boolean paused,
            boolean disabled,
            long connections,
            @Nullable Double transactionsPerSecond,
            @Nullable Double queriesPerSecond,
            @Nullable Double millisecondsPerQuery,
            @Nullable Double waitingClients) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "pgbouncer_status",
                "PgBouncer status",
                Input.class,
                Output.class,
                "Pools with waiting clients and busy servers, rates now, where each database leads, what is paused, and"
                        + " settings that hurt.");
    }

    @Override
    public Output read(Input input, Context context) {
        PgBouncer pgbouncer = context.cluster().components().pgbouncer();
        List<String> wanted = instances(pgbouncer, input.instance());
        var observed =
                pgbouncer.read(wanted, context.cluster().settings().httpTimeout(), BETWEEN_SAMPLES, context.call());
        List<Instance> instances = new ArrayList<>();
        List<Pool> pools = new ArrayList<>();
        List<Database> databases = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        for (Bouncer bouncer : observed.bouncers()) {
            instances.add(new Instance(bouncer.where(), bouncer.version(), bouncer.admin()));
            bouncer.pools().forEach(pool -> pools.add(pool(bouncer, pool)));
            bouncer.databases().forEach(database -> databases.add(database(bouncer, database)));
            Pooling.wrongs(bouncer).forEach(wrong -> remarks.add(wrong.words()));
        }
        List<Unavailable> unavailable = Unavailable.of("pgbouncer", observed.silent());
        return new Output(instances, pools, databases, remarks, unavailable);
    }

    static List<String> instances(PgBouncer pgbouncer, Optional<String> wanted) {
        List<String> all = pgbouncer.instances();
        if (all.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "No PgBouncer is configured.",
                    "Set pgbouncer_dsns to its admin console.");
        }
        if (wanted.isPresent() && !all.contains(wanted.get())) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    "There is no PgBouncer " + wanted.get() + ".",
                    "`instance` is one of " + String.join(", ", all) + ".");
        }
        return wanted.map(List::of).orElse(all);
    }

    private static Pool pool(Bouncer bouncer, Bouncer.Pool pool) {
        return new Pool(
                bouncer.where(),
                pool.database(),
                pool.user(),
                pool.mode(),
                pool.clientsActive(),
                pool.clientsWaiting(),
                rounded(pool.longestWaitSeconds()),
                pool.serversActive(),
                pool.serversIdle(),
                pool.serversUsed() + pool.serversTested() + pool.serversLoggingIn(),
                pool.room());
    }

    private static Database database(Bouncer bouncer, Bouncer.Database database) {
        Optional<Bouncer.Rate> rate = bouncer.rates().stream()
                .filter(one -> one.database().equals(database.name()))
                .findFirst();
        return new Database(
                bouncer.where(),
                database.name(),
                (database.host() == null ? "a local socket" : database.host() + ":" + database.port()) + "/"
                        + database.target(),
                database.paused(),
                database.disabled(),
                database.currentConnections(),
                rate.map(one -> rounded(one.transactionsPerSecond())).orElse(null),
                rate.map(one -> rounded(one.queriesPerSecond())).orElse(null),
                rate.map(Bouncer.Rate::querySeconds)
                        .map(seconds -> rounded(seconds * 1000))
                        .orElse(null),
                rate.map(one -> rounded(one.waitSeconds())).orElse(null));
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
