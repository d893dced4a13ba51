package org.pgcluster.postgres;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ToolException;

/** A program of its own with a small heap: reads what is far larger than that, and prints how each ended. */
final class LittleMemory {
    private LittleMemory() {}

    public static void main(String[] arguments) {
        var dsn = new Dsn(
                List.of(new Address("127.0.0.1", Integer.parseInt(arguments[0]))),
                "postgres",
                Optional.of("postgres"),
                Optional.empty(),
                Map.of());
        var wide = IntStream.rangeClosed(1, 1_600)
                .mapToObj(i -> "repeat('x', 900) AS c" + i)
                .collect(Collectors.joining(", "));
        try (var database = Database.of(PgServer.target(dsn, 1))) {
            var reading = new SafeReading(database, List.of());
            for (var sql : List.of(
                    "SELECT generate_series(1, 1000000000) AS g",
                    "SELECT " + wide + " FROM generate_series(1, 1000)",
                    "SELECT repeat('x', 400000000)")) {
                System.out.println(ended(reading, sql));
            }
        }
    }

    private static String ended(SafeReading reading, String sql) {
        try {
            var result = reading.read(Call.within(Duration.ofSeconds(50)), sql, List.of(), FreeSqlTest.BUDGET);
            return result.more() ? "cut" : "whole";
        } catch (ToolException e) {
            return e.code() + " " + e.hint();
        }
    }
}
