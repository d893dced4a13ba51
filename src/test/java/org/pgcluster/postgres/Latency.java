package org.pgcluster.postgres;

import java.io.IOException;
import java.util.Arrays;

/** Measures what one SELECT 1 costs from a call to its result. Run its main by hand. */
final class Latency {
    private static final int CALLS = 20_000;

    private Latency() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (var server = PgServer.start();
                var database = Database.of(PgServer.target(server.dsn(), 1))) {
            var nanos = new long[CALLS];
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < CALLS; i++) {
                    long before = System.nanoTime();
                    FreeSqlTest.run(database, "SELECT 1");
                    nanos[i] = System.nanoTime() - before;
                }
            }
            Arrays.sort(nanos);
            System.out.printf(
                    "SELECT 1: p50 %.3f ms, p99 %.3f ms%n", nanos[CALLS / 2] / 1e6, nanos[CALLS * 99 / 100] / 1e6);
        }
    }
}
