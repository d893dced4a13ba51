package org.pgcluster.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Everything from outside that the configuration depends on. {@code os} is the system's name as Java tells it. */
public record Inputs(
        List<String> arguments,
        Map<String, String> environment,
        Path home,
        Path workingDirectory,
        String os,
        String userName) {
    public Inputs {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
    }

    public static Inputs ofThisProcess(List<String> arguments) {
        return new Inputs(
                arguments,
                System.getenv(),
                Path.of(System.getProperty("user.home", "")),
                Path.of("").toAbsolutePath(),
                System.getProperty("os.name", ""),
                System.getProperty("user.name", ""));
    }

    boolean isWindows() {
        return os.startsWith("Windows");
    }

    boolean isMac() {
        return os.startsWith("Mac");
    }

    /** An empty variable counts as none: that is how compose files pass on what is not set. */
    @org.jspecify.annotations.Nullable
    String variable(String name) {
        var value = environment.get(name);
        return value == null || value.isEmpty() ? null : value;
    }

    Path resolve(String path) {
        if (path.equals("~") || path.startsWith("~/")) {
            return home.resolve(path.length() > 2 ? path.substring(2) : "");
        }
        return workingDirectory.resolve(path);
    }
}
