package org.pgcluster.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.cluster.Components.Sighting;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.config.Mode;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.Target;

/** Asks every server that is configured, all at once, by connections of its own. Used once. */
final class Probes implements AutoCloseable {
    private static final String WHO = "pgcluster-mcp check";

    private final Settings settings;
    private final Clusters clusters;
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "check");
        thread.setDaemon(true);
        return thread;
    });

    private record Worker(String nodename, int nodeport) {}

    Probes(Settings settings) {
        this.settings = settings;
        this.clusters = new Clusters(settings);
    }

    List<Found> all() {
        List<Future<List<Found>>> running = new ArrayList<>();
        for (ClusterSettings cluster : settings.clusters().values()) {
            running.add(threads.submit(() -> coordinator(cluster)));
            cluster.admin().ifPresent(dsn -> running.add(threads.submit(() -> admin(cluster, dsn))));
            for (Dsn worker : cluster.workers()) {
                running.add(threads.submit(() -> worker(cluster, worker)));
            }
        }
        clusters.all().forEach(cluster -> running.add(threads.submit(() -> components(cluster))));
        List<Found> found = new ArrayList<>();
        running.forEach(one -> found.addAll(got(one)));
        return found;
    }

    private static List<Found> components(Cluster cluster) {
        Duration each = cluster.settings().httpTimeout();
        List<Found> found = new ArrayList<>();
        for (Sighting one : cluster.components().sightings(Call.within(each.multipliedBy(3)), each)) {
            String what = cluster.name() + ", " + one.component() + " " + one.where();
            String why = one.why();
            found.add(
                    why == null
                            ? Found.works(
                                    what, one.version() == null ? "it answers." : "version " + one.version() + ".")
                            : Found.fails(
                                    what, why, Optional.ofNullable(one.hint()).orElse("")));
        }
        return found;
    }

    private static List<Found> got(Future<List<Found>> one) {
        try {
            return one.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private List<Found> coordinator(ClusterSettings cluster) {
        String what = cluster.name() + ", reading";
        if (cluster.coordinator().isEmpty()) {
            return List.of(Found.fails(
                    what,
                    "no database is configured.",
                    "Give a DSN as argument, in PGCLUSTER_MCP_COORDINATOR_DSN, or as coordinator_dsn in a file."));
        }
        Dsn dsn = cluster.coordinator().get();
        return asked(what, cluster, dsn, (database, call) -> {
            List<Found> found = new ArrayList<>();
            Capabilities can = database.capabilities(call);
            found.add(Found.works(what, described(can)));
            tooStrong(what, can, found);
            missing(what, can, found);
            if (can.citusVersion().isPresent() && !cluster.workersConfigured()) {
                found.addAll(discovered(cluster, dsn, database, call));
            }
            return found;
        });
    }

    private static String described(Capabilities can) {
        return can.user() + " at " + can.database() + ", PostgreSQL " + can.version()
                + can.citusVersion().map(version -> ", Citus " + version).orElse("")
                + (can.standby() ? ", a standby" : "") + (can.behindPooler() ? ", through a pooler" : "") + ".";
    }

    private static void tooStrong(String what, Capabilities can, List<Found> found) {
        if (can.superuser()) {
            found.add(Found.warns(
                    what,
                    can.user() + " is a superuser; reading needs far less.",
                    "docs/roles.sql makes a login that can read and no more."));
        }
        for (String role : List.of("pg_write_all_data", "pg_execute_server_program", "pg_write_server_files")) {
            if (!can.superuser() && can.roles().contains(role)) {
                found.add(Found.warns(
                        what,
                        can.user() + " is a member of " + role + ", which reading does not need.",
                        "REVOKE " + role + " FROM " + can.user() + ";"));
            }
        }
    }

    private static void missing(String what, Capabilities can, List<Found> found) {
        if (!can.memberOf("pg_monitor")) {
            found.add(Found.warns(
                    what,
                    can.user() + " does not see other sessions' statements nor the settings.",
                    "GRANT pg_monitor TO " + can.user() + ";"));
        }
        if (!can.has("pg_stat_statements")) {
            found.add(Found.warns(
                    what,
                    "pg_stat_statements is not in " + can.database() + ", so nobody knows which statements cost most.",
                    "Add it to shared_preload_libraries, restart, then CREATE EXTENSION pg_stat_statements;"));
        }
    }

    private List<Found> discovered(ClusterSettings cluster, Dsn own, Database database, Call call) {
        List<Worker> workers = database.sql(call).list(Worker.class, """
                SELECT nodename, nodeport FROM pg_dist_node
                 WHERE groupid <> 0 AND noderole = 'primary' ORDER BY groupid
                """);
        List<Future<List<Found>>> running = new ArrayList<>();
        List<Found> found = new ArrayList<>();
        for (Worker worker : workers) {
            Address address = new Address(worker.nodename(), worker.nodeport());
            if (mayBeGivenCredentials(worker.nodename())) {
                Dsn dsn = new Dsn(List.of(address), own.database(), own.user(), own.password(), own.parameters());
                running.add(threads.submit(() -> worker(cluster, dsn)));
            } else {
                found.add(Found.warns(
                        cluster.name() + ", worker " + address,
                        "it was discovered, and discovery_hosts does not name it, so it is given no password.",
                        "Add " + worker.nodename() + " to discovery_hosts."));
            }
        }
        running.forEach(one -> found.addAll(got(one)));
        return found;
    }

    private boolean mayBeGivenCredentials(String host) {
        return settings.server().discoveryHosts().stream()
                .anyMatch(known -> known.startsWith(".") ? host.endsWith(known) : host.equalsIgnoreCase(known));
    }

    private List<Found> worker(ClusterSettings cluster, Dsn dsn) {
        String what = cluster.name() + ", worker " + label(dsn);
        return asked(
                what,
                cluster,
                dsn,
                (database, call) -> List.of(Found.works(what, described(database.capabilities(call)))));
    }

    private List<Found> admin(ClusterSettings cluster, Dsn dsn) {
        String what = cluster.name() + ", admin";
        return asked(what, cluster, dsn, (database, call) -> {
            List<Found> found = new ArrayList<>();
            Capabilities can = database.capabilities(call);
            found.add(Found.works(what, described(can)));
            if (can.standby()) {
                found.add(Found.fails(what, "acts cannot run on a standby.", "Let admin_dsn name the primary."));
            }
            if (can.superuser()) {
                found.add(Found.warns(
                        what, can.user() + " is a superuser.", "docs/roles.sql makes a login for acts that is none."));
            }
            if (cluster.mode() == Mode.READ_ONLY) {
                found.add(Found.warns(
                        what, "it is configured and mode: read_only never uses it.", "Take the credential away."));
            }
            return found;
        });
    }

    private interface Asking {
        List<Found> of(Database database, Call call);
    }

    private List<Found> asked(String what, ClusterSettings cluster, Dsn dsn, Asking asking) {
        Duration limit = cluster.connectTimeout().plus(cluster.statementTimeout());
        Target target = new Target(
                label(dsn),
                dsn,
                cluster.connectTimeout(),
                cluster.statementTimeout(),
                1,
                true,
                WHO,
                cluster.actLockTimeout(),
                cluster.allowPlaintext());
        try (Database database = Database.of(target)) {
            return asking.of(database, Call.within(limit));
        } catch (ToolException e) {
            return List.of(
                    Found.fails(what, e.text(), Optional.ofNullable(e.hint()).orElse("")));
        }
    }

    private static String label(Dsn dsn) {
        return String.join(", ", dsn.hosts().stream().map(Address::toString).toList());
    }

    @Override
    public void close() {
        threads.shutdownNow();
        clusters.close();
    }
}
