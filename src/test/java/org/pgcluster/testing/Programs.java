package org.pgcluster.testing;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Programs by PATH, as the lab finds them, so that both are run with the version that stands first. */
final class Programs {
    private static final List<String> ALSO = List.of("/usr/sbin", "/sbin", "/usr/local/sbin");

    private Programs() {}

    static Path named(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        Optional<Path> found = Stream.concat(Arrays.stream(path.split(File.pathSeparator, -1)), ALSO.stream())
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder).resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
        Assumptions.assumeTrue(found.isPresent(), name + " is not installed");
        return found.orElseThrow();
    }
}
