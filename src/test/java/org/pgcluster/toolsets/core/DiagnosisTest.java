package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.checks.Check;
import org.pgcluster.checks.Checks;
import org.pgcluster.toolsets.core.Diagnosing.Told;

/** Every fault that the lab can make: the right cause first, nothing false beside it, silence before and after. */
@Tag("lab")
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DiagnosisTest {
    private static final Path PAGE = Path.of("docs/diagnosis.md");
    private static final Map<String, Told> TOLD = new LinkedHashMap<>();
    private static final List<String> WANTED = new ArrayList<>();
    private static @Nullable Diagnosing estate;

    @TempDir
    static Path folder;

    @BeforeAll
    static void up() throws IOException {
        estate = Diagnosing.on("diagnosis", 3, folder);
        Objects.requireNonNull(estate).isSilent();
    }

    @AfterAll
    static void down() throws IOException {
        Diagnosing open = estate;
        if (open != null) {
            open.close();
        }
    }

    @Order(1)
    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/faults.csv", numLinesToSkip = 1, delimiter = ';')
    void a_fault_is_told_by_its_cause(String fault, String root, @Nullable String beside) throws IOException {
        WANTED.add(fault);
        Diagnosing open = Objects.requireNonNull(estate);
        TOLD.put(fault, open.told(fault, root, beside == null ? "" : beside));
        open.isSilent();
    }

    /** Each looks like the other to a client, or to one of the components alone. */
    @Order(2)
    @Test
    void faults_that_look_alike_are_told_apart() {
        apart("metadata-stale", "metadata-behind");
        apart("leader-dead", "group-down");
        apart("patroni-paused", "paused-leader-dead");
        apart("haproxy-check-port", "haproxy-drained");
        apart("haproxy-check-port", "etcd-down");
        apart("haproxy-down", "haproxy-check-port");
        apart("connections-exhausted", "postgres-frozen");
        apart("prepared-left", "idle-in-transaction");
        apart("rebalance-stuck", "rebalance-failing");
        apart("shards-unwanted", "placement-skewed");
        apart("pgbouncer-queueing", "pgbouncer-behind-haproxy");
        apart("worker-login-refused", "postgres-frozen");
        apart("haproxy-password", "haproxy-down");
        apart("haproxy-elsewhere", "haproxy-stray");
        apart("one-server-twice", "metadata-stale");
        apart("node-disabled", "shards-unwanted");
    }

    @Order(2)
    @Test
    void faults_that_have_nothing_to_do_with_each_other_are_told_side_by_side() throws IOException {
        Diagnosing open = Objects.requireNonNull(estate);
        for (String fault : List.of("metadata-stale", "slot-abandoned", "haproxy-stray", "pgbouncer-paused")) {
            open.breaks(fault);
        }
        open.tells(Set.of(
                "citus.names_no_leader", "postgres.slot_grows", "haproxy.unknown_to_patroni", "pgbouncer.paused"));
        open.heals();
        open.isSilent();
    }

    @Order(2)
    @Test
    void metadata_is_judged_by_the_leader_itself_while_nobody_gets_in_where_clients_do() throws IOException {
        Diagnosing open = Objects.requireNonNull(estate);
        open.breaks("haproxy-down");
        open.breaks("metadata-stale");
        open.tells(Set.of("haproxy.out_of_reach", "citus.names_no_leader"));
        open.heals();
        open.breaks("group-down");
        open.breaks("haproxy-frozen");
        open.tells(Set.of("haproxy.out_of_reach", "citus.group_down"));
        open.heals();
        open.isSilent();
    }

    /** However much follows from the first. */
    @Order(2)
    @ParameterizedTest(name = "{0} and {1}")
    @CsvSource({
        "etcd-down, haproxy-down, patroni.dcs_lost haproxy.out_of_reach",
        "nofailover, leader-dead, patroni.no_leader",
        "haproxy-drained, replica-dead, haproxy.leader_taken_out patroni.members_missing",
        "version-drift, metadata-unsynced, citus.extension_differs citus.metadata_not_synced",
        "disk-nearly-full, postgres-cannot-start, patroni.member_not_running"
    })
    void a_second_fault_is_told_with_the_first(String one, String other, String roots) throws IOException {
        Diagnosing open = Objects.requireNonNull(estate);
        open.breaks(one);
        open.breaks(other);
        open.tells(Set.of(roots.split(" ", -1)));
        open.heals();
        open.isSilent();
    }

    private static void apart(String one, String other) {
        if (TOLD.containsKey(one) && TOLD.containsKey(other)) { // what failed has been told above
            assertNotEquals(
                    Objects.requireNonNull(TOLD.get(one)).title(),
                    Objects.requireNonNull(TOLD.get(other)).title());
        }
    }

    @Order(3)
    @Test
    void the_page_says_what_was_told() throws IOException {
        assertEquals(WANTED, List.copyOf(TOLD.keySet()));
        Files.writeString(PAGE, page());
    }

    private static String page() {
        StringBuilder page = new StringBuilder("""
                # Diagnosis

                What `cluster_health` said of each fault, made for real by `lab/lab break FAULT` on an estate of three Citus
                groups of two members, with `expect` set. Written by the test that demands it (`./check full`). The seconds
                are from the moment the fault stood until its cause was told twice in a row with nothing false beside it;
                some faults must last a while before they are one.

                |fault|first finding|in words|also found|follows from it|seconds|
                |-|-|-|-|-|-|
                """);
        TOLD.values()
                .forEach(one -> page.append("|`")
                        .append(one.fault())
                        .append("`|`")
                        .append(one.first())
                        .append("`|")
                        .append(one.title()
                                .replaceAll("127\\.0\\.0\\.1:\\d+", "HOST:PORT")
                                .replaceAll("\\d{9,}", "N"))
                        .append('|')
                        .append(String.join(", ", one.others()))
                        .append('|')
                        .append(String.join(", ", one.effects()))
                        .append('|')
                        .append(one.seconds())
                        .append("|\n"));
        List<Check.Kind> kinds = Checks.kinds();
        page.append("\n## What is looked for\n\n")
                .append(kinds.size())
                .append(
                        " kinds of findings, each by a pure function over one snapshot of all components.\n\n|id|when|\n|-|-|\n");
        kinds.forEach(kind -> page.append("|`")
                .append(kind.id())
                .append("`|")
                .append(kind.about())
                .append("|\n"));
        return page.toString();
    }
}
