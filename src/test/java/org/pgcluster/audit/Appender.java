package org.pgcluster.audit;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;

/** A second process that writes many lines. */
final class Appender {
    private Appender() {}

    public static void main(String[] arguments) {
        var audit = new Audit(
                Path.of(arguments[0]),
                arguments[1],
                "ann",
                Clock.systemUTC(),
                new Masks(List.of()),
                new SecureRandom());
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            audit.entry("test", "create_index", "default", "{}").step(i, 1, "x".repeat(i * 7 % 20_000));
        }
    }
}
