package org.pgcluster.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.cluster.Components.Sighting;
import org.pgcluster.cluster.Node;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.config.Mode;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.Sql;
import org.pgcluster.postgres.Target;

/** Asks every server that is configured or discovered, all at once, by connections of its own. Used once. */
final class Probes implements AutoCloseable {
    private static final String WHO = "pgcluster-mcp check";
    private static final Duration ALL = Duration.ofSeconds(5);
    /** Workers are only known once the coordinator answered, however late that was. */
    private static final Duration AT_LEAST = Duration.ofSeconds(2);

    private final Clusters clusters;
    private final long end = System.nanoTime() + ALL.toNanos();

    /** No port where the socket has none. */
    private record Reached(int port) {}

    Probes(Settings settings) {
        this.clusters = new Clusters(settings);
    }

    List<Found> all() {
        List<Supplier<List<Found>>> probes = new ArrayList<>();
        for (Cluster cluster : clusters.all()) {
            ClusterSettings settings = cluster.settings();
            probes.add(() -> reading(cluster));
            settings.direct().ifPresent(dsn -> probes.add(() -> direct(settings, dsn)));
            settings.admin().ifPresent(dsn -> probes.add(() -> admin(settings, dsn)));
            if (cluster.nodesAreConfigured()) {
                probes.add(() -> workers(cluster));
            }
            probes.add(() -> components(cluster));
        }
        return together(probes);
    }

    private static List<Found> together(List<Supplier<List<Found>>> probes) {
        return Together.all(probes, Supplier::get).stream()
                .flatMap(List::stream)
                .toList();
    }

    private List<Found> components(Cluster cluster) {
        List<Found> found = new ArrayList<>();
        Duration each = cluster.settings().httpTimeout();
        for (Sighting one : cluster.components().sightings(call(), each)) {
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

    private Call call() {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        return Call.within(left.compareTo(AT_LEAST) < 0 ? AT_LEAST : left);
    }

    private List<Found> reading(Cluster cluster) {
        String what = cluster.name() + ", reading";
        List<Found> found = new ArrayList<>();
        try {
            Capabilities can = cluster.capabilities(call());
            found.add(Found.works(what, described(can)));
            tooStrong(what, can, found);
            missing(what, can, found);
            for (String signature : cluster.allowedInVain(call())) {
                found.add(Found.warns(
                        what,
                        "allowed_functions: " + signature + " names no function of " + can.database() + ".",
                        "Write schema.name(types) as \\df shows them."));
            }
            if (can.citusVersion().isPresent() && !cluster.nodesAreConfigured()) {
                found.addAll(workers(cluster));
            }
        } catch (ToolException e) {
            boolean meant =
                    e.code() == ErrorCode.NOT_CONFIGURED && cluster.components().hasAny();
            found.add(meant ? Found.warns(what, e.text() + " What needs SQL is left out.", hint(e)) : failed(what, e));
        }
        return found;
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

    private List<Found> workers(Cluster cluster) {
        try {
            List<Supplier<List<Found>>> probes = new ArrayList<>();
            for (Node node : cluster.nodes(call())) {
                probes.add(() -> List.of(worker(cluster.name() + ", worker " + node.where(), node)));
            }
            return together(probes);
        } catch (ToolException e) {
            return List.of(failed(cluster.name() + ", workers", e));
        }
    }

    private Found worker(String what, Node node) {
        try {
            return Found.works(what, described(node.sql(call()).capabilities()));
        } catch (ToolException e) {
            return e.code() == ErrorCode.NOT_CONFIGURED ? Found.warns(what, e.text(), hint(e)) : failed(what, e);
        }
    }

    private List<Found> direct(ClusterSettings cluster, Dsn dsn) {
        String what = cluster.name() + ", direct";
        return asked(what, cluster, dsn, (can, sql, found) -> between(what, dsn, can, sql, found));
    }

    private List<Found> admin(ClusterSettings cluster, Dsn dsn) {
        String what = cluster.name() + ", admin";
        return asked(what, cluster, dsn, (can, sql, found) -> {
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
            if (cluster.direct().isEmpty()) {
                between(what, dsn, can, sql, found);
            }
        });
    }

    /** A proxy may lead an act to another server than the one it was planned on, and a pooler to another session. */
    private static void between(String what, Dsn dsn, Capabilities can, Sql sql, List<Found> found) {
        int port = sql.one(Reached.class, "SELECT coalesce(inet_server_port(), 0) AS port")
                .port();
        String mend = "Let direct_dsn name the coordinator itself, host and port.";
        if (can.behindPooler()) {
            found.add(Found.warns(what, "acts would pass a pooler at " + label(dsn) + ".", mend));
        } else if (port != 0 && dsn.hosts().stream().noneMatch(host -> host.port() == port)) {
            found.add(Found.warns(
                    what,
                    "acts would pass a proxy or a mapped port: " + label(dsn) + " leads to a server at port " + port
                            + ".",
                    mend));
        }
    }

    private interface Judging {
        void of(Capabilities can, Sql sql, List<Found> found);
    }

    private List<Found> asked(String what, ClusterSettings cluster, Dsn dsn, Judging judging) {
        Target target = new Target(
                label(dsn),
                dsn,
                cluster.connectTimeout(),
                cluster.statementTimeout(),
                1,
                true,
                WHO,
                cluster.actLockTimeout(),
                cluster.allowPlaintext(),
                cluster.rowDataAllowed());
        List<Found> found = new ArrayList<>();
        try (Database database = Database.of(target)) {
            Sql sql = database.sql(call());
            Capabilities can = sql.capabilities();
            found.add(Found.works(what, described(can)));
            judging.of(can, sql, found);
        } catch (ToolException e) {
            found.add(failed(what, e));
        }
        return found;
    }

    private static Found failed(String what, ToolException e) {
        return Found.fails(what, e.text(), hint(e));
    }

    private static String hint(ToolException e) {
        return Optional.ofNullable(e.hint()).orElse("");
    }

    private static String label(Dsn dsn) {
        return String.join(", ", dsn.hosts().stream().map(Address::toString).toList());
    }

    @Override
    public void close() {
        clusters.close();
    }
}
