package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pgcluster.testing.Postgres;

@Tag("versions")
class CitusReadingTest {
    @BeforeEach
    void needs_citus() {
        Assumptions.assumeTrue(Postgres.hasCitus(), "Citus is not installed beside Debian's PostgreSQL 15");
    }

    @Test
    void no_attack_through_citus_does_harm() throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.debian15(), true)) {
            assertEquals("", Attacks.harm(estate, List.of("postgres"), Estate.lines("attacks-citus.tsv")));
        }
    }

    @Test
    void honest_sql_works_on_distributed_tables() throws SQLException, IOException {
        List<String> refused = new ArrayList<>();
        try (Estate estate = Estate.on(Postgres.debian15(), true);
                Reader reader = estate.reader("postgres")) {
            for (String sql : Estate.lines("harmless-citus.txt")) {
                String outcome = reader.read(sql);
                if (!outcome.equals("ran")) {
                    refused.add(sql + "\n  " + outcome);
                }
            }
        }
        assertEquals("", String.join("\n", refused));
    }
}
