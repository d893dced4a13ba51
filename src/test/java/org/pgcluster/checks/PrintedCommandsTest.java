package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pgcluster.checks.Small.facts;
import static org.pgcluster.checks.Small.node;
import static org.pgcluster.checks.Small.server;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pgcluster.lab.Lab;
import org.pgcluster.snapshot.CitusState.Placed;
import org.pgcluster.snapshot.Details;
import org.pgcluster.snapshot.Details.Facts;
import org.pgcluster.snapshot.Details.Prepared;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;

/**
 * What is to be done by hand about faults that the lab cannot make is at least understood by a real server; what is to be
 * done about the others is done while they stand.
 */
@Tag("lab")
class PrintedCommandsTest {
    private static PostgresState odd(String where, boolean standby) {
        Facts usual = facts("id1", "w0", "13.2-1");
        Facts facts = new Facts(
                usual.systemIdentifier(),
                usual.address(),
                usual.port(),
                usual.versionNumber(),
                "replica",
                usual.archiveMode(),
                0,
                false,
                null,
                null,
                null,
                usual.citusExtension(),
                usual.citusLibrary(),
                3,
                0);
        var prepared = new Prepared("citus_0_4711_12_1", "app", 86_400, true);
        return server(
                where,
                standby,
                new Details(facts, 60_000, 1, List.of(prepared), List.of(), null, List.of(), List.of()));
    }

    @Test
    void a_server_understands_them() throws SQLException {
        Lab.requireCitus();
        var estate = new Small();
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "w0"), node(3, 2, "w1"));
        estate.servers =
                List.of(server("c0:5432", facts("id0", "c0", "13.2-1")), odd("w0:5432", false), odd("w1:5432", true));
        estate.placed = List.of(new Placed(1, 19));
        estate.unavailable =
                List.of(new Unread(new Unavailable("citus", "a:1", "a:1 has no connection left"), Unread.Kind.FULL));
        var printed = new TreeMap<String, String>();
        Checks.each(estate.snapshot())
                .forEach(finding -> finding.byHand().ifPresent(command -> printed.put(finding.id(), command)));
        Set<String> tried = Set.of(
                "citus.cannot_be_moved",
                "citus.node_is_standby",
                "citus.wal_level_low",
                "postgres.checksum_failures",
                "postgres.clock_differs",
                "postgres.connections_exhausted",
                "postgres.prepared_left");
        printed.keySet().retainAll(tried);
        assertEquals(tried, printed.keySet());
        try (Connection coordinator = Lab.connect(Lab.address("LAB_DSN"));
                var statement = coordinator.createStatement()) {
            for (String command : printed.values()) {
                boolean undone = command.startsWith("ALTER TABLE");
                statement.execute(undone ? "BEGIN" : "SELECT 1");
                statement.execute(command.replaceFirst(" \\((?:on|as) [^()]*\\)$", ""));
                statement.execute(undone ? "ROLLBACK" : "ALTER SYSTEM RESET wal_level");
            }
        }
    }
}
