package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** The same trouble in the words of each version of Patroni is the same finding; nothing wrong is no finding in any. */
class PatroniVersionsTest {
    @TempDir
    Path folder;

    /** As these versions say it; what a version does not say yet is left out of its answers. */
    private enum Version {
        V2_1("2.1.4", "master", "running", "sync_standby"),
        V3_0("3.0.2", "master", "running", "sync_standby"),
        V3_3("3.3.2", "master", "streaming", "sync_standby"),
        V4_0("4.0.7", "primary", "streaming", "quorum_standby"),
        V4_1("4.1.4", "primary", "streaming", "quorum_standby");

        private final String number;
        private final String primary;
        private final String follows;
        private final String standby;

        Version(String number, String primary, String follows, String standby) {
            this.number = number;
            this.primary = primary;
            this.follows = follows;
            this.standby = standby;
        }

        boolean since(Version other) {
            return compareTo(other) >= 0;
        }
    }

    private static final Map<String, String> TROUBLES = Map.ofEntries(
            Map.entry("nothing", ""),
            Map.entry("paused", "patroni.paused"),
            Map.entry("no leader", "patroni.no_leader"),
            Map.entry("the leader is silent", "patroni.leader_silent"),
            Map.entry("the leader denies it", "patroni.leader_denies"),
            Map.entry("two primaries", "patroni.two_primaries"),
            Map.entry("no synchronous standby", "patroni.no_synchronous_standby"),
            Map.entry("strict and no synchronous standby", "patroni.no_synchronous_standby"),
            Map.entry("not synchronous", "patroni.not_synchronous"),
            Map.entry("nobody may lead", "patroni.nobody_may_take_over"),
            Map.entry("far behind", "patroni.replica_behind"),
            Map.entry("sent nothing", "patroni.replica_not_streaming"),
            Map.entry("start failed", "patroni.member_not_running"),
            Map.entry("crashed", "patroni.member_not_running"),
            Map.entry("pending restart", "patroni.pending_restart"),
            Map.entry("an old timeline", "patroni.timeline"),
            Map.entry("a member less", "patroni.members_missing"),
            Map.entry("the DCS is lost", "patroni.dcs_lost"));

    static Stream<Arguments> all() {
        return Arrays.stream(Version.values())
                .flatMap(version -> TROUBLES.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(one -> Arguments.of(version, one.getKey(), one.getValue())));
    }

    private record Group(Version version, String trouble, FakePatroni leader, FakePatroni replica) {
        boolean is(String other) {
            return trouble.equals(other);
        }

        void speak() {
            leader.answers("GET /patroni", 200, own(true)).answers("GET /config", 200, config());
            replica.answers("GET /patroni", 200, own(false)).answers("GET /config", 200, config());
            for (FakePatroni one : List.of(leader, replica)) {
                one.answers("GET /cluster", is("the DCS is lost") ? 503 : 200, is("the DCS is lost") ? "" : cluster());
            }
            if (is("the leader is silent")) {
                leader.hangsUpOn("GET /patroni").hangsUpOn("GET /cluster").hangsUpOn("GET /config");
            }
        }

        private String config() {
            String mode = is("not synchronous")
                    ? "false"
                    : version.since(Version.V4_0) && !trouble.startsWith("strict") ? "\"quorum\"" : "true";
            String strict = trouble.startsWith("strict") ? ", \"synchronous_mode_strict\": true" : "";
            return "{\"ttl\": 20, \"loop_wait\": 2, \"maximum_lag_on_failover\": 1048576, \"synchronous_mode\": " + mode
                    + strict + "}";
        }

        private String own(boolean leads) {
            boolean primary = !is("the leader denies it") && !is("the DCS is lost") && (leads || is("two primaries"));
            List<String> fields = new ArrayList<>();
            fields.add("\"role\": \"" + (primary ? version.primary : "replica") + "\"");
            fields.add("\"state\": \"" + (leads ? "running" : state()) + "\"");
            fields.add("\"server_version\": 150020");
            fields.add("\"timeline\": " + (is("an old timeline") && !leads ? 2 : 3));
            fields.add(
                    primary
                            ? "\"xlog\": {\"location\": 60000000}"
                            : "\"xlog\": {\"received_location\": 60000000, \"replayed_location\": 60000000,"
                                    + " \"replayed_timestamp\": \"2026-11-21 16:13:48.823633+00:00\", \"paused\": false}");
            if (leads && primary && !is("sent nothing") && !is("start failed") && !is("crashed")) {
                fields.add("\"replication\": [{\"usename\": \"replicator\", \"application_name\": \"b\","
                        + " \"state\": \"streaming\", \"sync_state\": \"sync\", \"sync_priority\": 1}]");
            }
            fields.add("\"database_system_identifier\": \"7710658693285024971\"");
            fields.add("\"patroni\": {\"version\": \"" + version.number + "\", \"scope\": \"x\""
                    + (version.since(Version.V3_3) ? ", \"name\": \"" + (leads ? "a" : "b") + "\"" : "") + "}");
            if (version.since(Version.V3_0)) {
                fields.add("\"dcs_last_seen\": " + System.currentTimeMillis() / 1000);
            }
            if (is("no leader") || is("the DCS is lost")) {
                fields.add("\"cluster_unlocked\": true");
            }
            if (is("paused")) {
                fields.add("\"pause\": true");
            }
            if (is("pending restart") && !leads) {
                fields.add("\"pending_restart\": true");
            }
            return "{" + String.join(", ", fields) + "}";
        }

        private String state() {
            return is("start failed") || is("crashed") ? trouble : is("sent nothing") ? "running" : version.follows;
        }

        private String cluster() {
            List<String> rows = new ArrayList<>();
            rows.add(row("a", is("no leader") ? "replica" : "leader", leader.url()));
            if (!is("a member less")) {
                boolean standby = !trouble.endsWith("no synchronous standby") && !is("not synchronous");
                rows.add(row("b", standby ? version.standby : "replica", replica.url()));
            }
            return "{" + (version.since(Version.V3_3) ? "\"scope\": \"x\", " : "")
                    + (is("paused") ? "\"pause\": true, " : "") + "\"members\": [" + String.join(", ", rows) + "]}";
        }

        private String row(String name, String role, String url) {
            boolean leads = role.equals("leader");
            long behind = is("far behind") ? 5_000_000 : 0;
            List<String> fields = new ArrayList<>(List.of(
                    "\"name\": \"" + name + "\"",
                    "\"role\": \"" + role + "\"",
                    "\"state\": \"" + (leads ? "running" : state()) + "\"",
                    "\"api_url\": \"" + url + "/patroni\"",
                    "\"host\": \"127.0.0.1\", \"port\": " + (name.equals("a") ? 1 : 2),
                    "\"timeline\": " + (is("an old timeline") && !leads ? 2 : 3)));
            if (!leads) {
                fields.add("\"lag\": " + (is("start failed") ? "\"unknown\"" : String.valueOf(behind)));
            }
            if (!leads && version.since(Version.V4_1)) {
                fields.add("\"receive_lag\": 0, \"replay_lag\": " + behind
                        + ", \"receive_lsn\": \"0/3938700\", \"replay_lsn\": \"0/3938700\", \"lsn\": \"0/3938700\"");
            }
            if (is("nobody may lead") && !leads) {
                fields.add("\"tags\": "
                        + (version.since(Version.V4_0) ? "{\"failover_priority\": 0}" : "{\"nofailover\": true}"));
            }
            if (is("pending restart") && !leads) {
                fields.add("\"pending_restart\": true"
                        + (version.since(Version.V3_3)
                                ? ", \"pending_restart_reason\": {\"max_connections\": {\"old_value\": \"100\","
                                        + " \"new_value\": \"110\"}}"
                                : ""));
            }
            return "{" + String.join(", ", fields) + "}";
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("all")
    void a_trouble_is_the_same_finding_in_every_version(Version version, String trouble, String id) {
        try (FakePatroni leader = FakePatroni.up();
                FakePatroni replica = FakePatroni.up()) {
            new Group(version, trouble, leader, replica).speak();
            Map<String, String> keys = new HashMap<>(Map.of("patroni_urls", leader.url() + "," + replica.url()));
            keys.put(trouble.equals("a member less") ? "expect_members_per_group" : "expect_synchronous", "true");
            keys.replace("expect_members_per_group", "2");
            try (Lab lab = Lab.with(folder, keys)) {
                Answer answer = lab.call("cluster_health", "components", List.of("patroni"));
                List<String> ids = Lab.rows(answer, "findings").stream()
                        .map(row -> String.valueOf(row.get("id")))
                        .distinct()
                        .toList();
                assertEquals(id.isEmpty() ? List.of() : List.of(id), ids, answer.text());
            }
        }
    }
}
