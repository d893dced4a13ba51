package org.pgcluster.mcp;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;

/** The Java versions that the JAR is tried on: the one that runs the tests, and 25 where it is installed. */
enum Jdk {
    OF_THE_TESTS,
    TWENTY_FIVE;

    /** Its {@code java}; where there is none, the test that asks is skipped and says so. */
    String java() {
        Path home = Path.of(System.getProperty("java.home"));
        if (this == TWENTY_FIVE) {
            home = Path.of(
                    Objects.requireNonNullElse(System.getenv("JAVA_25_HOME"), "/usr/lib/jvm/temurin-25-jdk-amd64"));
        }
        Path java = home.resolve("bin").resolve("java");
        Assumptions.assumeTrue(Files.isExecutable(java), "There is no JDK 25: set JAVA_25_HOME");
        return java.toString();
    }
}
