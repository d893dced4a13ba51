package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pgcluster.patroni.Group;
import org.pgcluster.snapshot.Details.Facts;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/** What has to be the same on every node, or must not be. */
final class Agreement implements Check {
    private static final long CLOCK_MILLIS = 1000;
    private static final String SERVERS_OWN = "the server's";

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("citus.extension_differs", "nodes have different versions of the extension"),
                new Kind("citus.library_differs", "nodes run different versions of Citus' library"),
                new Kind("citus.wal_level_low", "a node's wal_level is too low to move shards without stopping writes"),
                new Kind("citus.decoder_refused", "a node's PostgreSQL does not let Citus' decoder in"),
                new Kind("citus.time_zone_differs", "databases of the nodes keep different time zones"),
                new Kind("citus.two_nodes_one_server", "two rows of pg_dist_node lead to one server"),
                new Kind("postgres.version_differs", "nodes run different major versions"),
                new Kind("postgres.clock_differs", "the clocks of two servers differ"),
                new Kind(
                        "patroni.watches_another", "Patroni watches another database than the one that is configured"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        List<PostgresState> servers = snapshot.postgres().stream()
                .filter(state -> Estate.facts(state).isPresent())
                .toList();
        versions(servers, findings);
        zones(servers, findings);
        servers.forEach(state -> decoding(state, snapshot, findings));
        clocks(servers, findings);
        identities(snapshot, servers, findings);
        return findings;
    }

    private static Map<String, List<String>> by(List<PostgresState> servers, Function<Facts, String> what) {
        Map<String, List<String>> sides = new TreeMap<>();
        for (PostgresState state : servers) {
            String value = Estate.facts(state).map(what).orElse("");
            if (!value.isEmpty()) {
                sides.computeIfAbsent(value, x -> new ArrayList<>()).add(state.where());
            }
        }
        return sides;
    }

    /** The side of the fewest, the last of them where they are equal: most likely the one that was forgotten. */
    private static String odd(Map<String, List<String>> sides) {
        return String.join(", ", sides.getOrDefault(bySize(sides).get(0), List.of()));
    }

    private static String common(Map<String, List<String>> sides) {
        List<String> values = bySize(sides);
        return values.get(values.size() - 1);
    }

    private static List<String> bySize(Map<String, List<String>> sides) {
        return sides.keySet().stream()
                .sorted(Comparator.comparingInt(
                        value -> sides.getOrDefault(value, List.of()).size()))
                .toList();
    }

    private static String words(Map<String, List<String>> sides) {
        List<String> words = new ArrayList<>();
        sides.forEach((value, who) -> words.add(value + " on " + String.join(", ", who)));
        return String.join("; ", words);
    }

    private static void versions(List<PostgresState> servers, List<Finding> findings) {
        var extensions = by(servers, facts -> text(facts.citusExtension()));
        if (extensions.size() > 1) {
            findings.add(Found.warning(
                            "citus.extension_differs",
                            odd(extensions),
                            "The extension citus differs between nodes: " + words(extensions))
                    .read("pg_extension.extversion", extensions)
                    .next("citus_worker_health")
                    .byHand("ALTER EXTENSION citus UPDATE (on " + odd(extensions) + ")")
                    .advice("Queries work until one side lacks what the other calls. Update it there, the coordinator"
                            + " first where both wait."));
        }
        var libraries = by(servers, facts -> text(facts.citusLibrary()));
        if (libraries.size() > 1) {
            findings.add(Found.warning(
                            "citus.library_differs",
                            odd(libraries),
                            "Citus' library differs between nodes: " + words(libraries))
                    .read("citus.version", libraries)
                    .next("citus_worker_health")
                    .advice("Install the same package everywhere, restart, then update the extension."));
        }
        var majors = by(servers, facts -> String.valueOf(facts.versionNumber() / 10_000));
        if (majors.size() > 1) {
            findings.add(Found.warning(
                            "postgres.version_differs",
                            odd(majors),
                            "PostgreSQL differs between nodes: " + words(majors))
                    .read("server_version", majors)
                    .next("server_info")
                    .advice("Bring all nodes to one major version before anything else changes."));
        }
    }

    private static String text(@org.jspecify.annotations.Nullable String value) {
        return value == null ? "" : value;
    }

    private static void zones(List<PostgresState> servers, List<Finding> findings) {
        var zones = by(servers, facts -> facts.timeZone() == null ? SERVERS_OWN : text(facts.timeZone()));
        if (zones.size() > 1) {
            findings.add(Found.warning(
                            "citus.time_zone_differs",
                            odd(zones),
                            "Databases of the nodes keep different time zones: " + words(zones))
                    .read("pg_db_role_setting", zones)
                    .byHand(asOthers(zones) + " (in psql, on " + odd(zones) + ")")
                    .advice(
                            "What is computed on a node from local time differs there: dates of timestamptz, now()::date,"
                                    + " defaults."));
        }
    }

    private static String asOthers(Map<String, List<String>> zones) {
        String common = common(zones);
        return "SET citus.enable_ddl_propagation = off; ALTER DATABASE :\"DBNAME\" "
                + (common.equals(SERVERS_OWN)
                        ? "RESET timezone"
                        : "SET timezone = '" + common.replace("'", "''") + "'");
    }

    private static void decoding(PostgresState state, Snapshot snapshot, List<Finding> findings) {
        Facts facts = Estate.facts(state).orElseThrow();
        if (facts.citusExtension() == null || snapshot.citus().isEmpty()) {
            return;
        }
        if (!facts.walLevel().equals("logical")) {
            findings.add(Found.notice(
                            "citus.wal_level_low",
                            state.where(),
                            state.where() + " has wal_level " + facts.walLevel()
                                    + ": shards can be moved only while writes stop")
                    .read("wal_level", facts.walLevel())
                    .byHand("ALTER SYSTEM SET wal_level = 'logical' (on " + state.where() + ")")
                    .advice("Set it to logical and restart at a quiet time."));
        }
        String plugins = facts.outputPlugins();
        if (plugins != null && !plugins.contains("citus")) {
            findings.add(Found.warning(
                            "citus.decoder_refused",
                            state.where(),
                            state.where()
                                    + " lets no output plugin citus in: shards cannot be split or moved from there")
                    .read("output_plugin_libraries", plugins)
                    .byHand("ALTER SYSTEM SET output_plugin_libraries = " + withCitus(plugins)
                            + "; SELECT pg_reload_conf() (on " + state.where() + " and its replicas)")
                    .advice("Minors from 2026 on refuse output plugins that are not listed. Add citus on every node."));
        }
    }

    private static String withCitus(String plugins) {
        return Stream.concat(Stream.of(plugins.split(",", -1)), Stream.of("citus"))
                .map(one -> one.replaceAll("[\\s\"']", ""))
                .filter(one -> !one.isEmpty())
                .map(one -> "'" + one + "'")
                .collect(Collectors.joining(", "));
    }

    /** Compared with each other, not with us: only what lies beyond both round trips proves anything. */
    private static void clocks(List<PostgresState> servers, List<Finding> findings) {
        for (PostgresState state : servers.subList(Math.min(1, servers.size()), servers.size())) {
            PostgresState first = servers.get(0);
            long apart = state.details().clockOffsetMillis() - first.details().clockOffsetMillis();
            long doubt =
                    state.details().clockUncertaintyMillis() + first.details().clockUncertaintyMillis();
            if (Math.abs(apart) - doubt > CLOCK_MILLIS) {
                findings.add(Found.warning(
                                "postgres.clock_differs",
                                state.where(),
                                "The clock of " + state.where() + " is " + Math.abs(apart) / 1000 + " s "
                                        + (apart > 0 ? "ahead of " : "behind ") + first.where())
                        .read("milliseconds_apart", apart)
                        .read("give_or_take", doubt)
                        .byHand("SELECT clock_timestamp() (on " + state.where() + ", then on " + first.where() + ")")
                        .advice(
                                "Repair NTP (chronyc tracking or timedatectl on both hosts): leases of the DCS and times"
                                        + " of rows depend on it."));
            }
        }
    }

    private static void identities(Snapshot snapshot, List<PostgresState> servers, List<Finding> findings) {
        by(servers, facts -> text(facts.systemIdentifier())).forEach((identifier, named) -> {
            List<String> who = named.stream().distinct().toList(); // we may be connected to a worker itself
            if (who.size() > 1) {
                findings.add(Found.critical(
                                "citus.two_nodes_one_server",
                                String.join(" and ", who),
                                String.join(" and ", who) + " are one database: its shards would be counted twice")
                        .read("system_identifier", identifier)
                        .next("list_nodes")
                        .advice("Correct the row that points at the wrong server: citus_update_node."));
            }
        });
        List<Group> groups = new Estate(snapshot).groups();
        List<String> watched = groups.stream()
                .map(Group::systemIdentifier)
                .flatMap(Optional::stream)
                .toList();
        boolean frontIsSilent =
                snapshot.unavailable().stream().anyMatch(one -> one.component().equals("postgres"));
        if (servers.isEmpty() || frontIsSilent || watched.size() < groups.size() || watched.isEmpty()) {
            return;
        }
        Facts front = Estate.facts(servers.get(0)).orElseThrow();
        String own = text(front.systemIdentifier());
        if (!own.isEmpty() && !watched.contains(own)) {
            findings.add(Found.critical(
                            "patroni.watches_another",
                            servers.get(0).where(),
                            "patroni_urls leads to another database than coordinator_dsn")
                    .read("system_identifier", own)
                    .read("of_patroni", watched.stream().distinct().sorted().toList())
                    .byHand("pgcluster-mcp config")
                    .advice("Nothing that Patroni says is about this database: correct patroni_urls or the DSN."));
        }
    }
}
