package org.pgcluster.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A home, a working directory, variables and arguments to load a configuration from. */
final class Setting {
    private final Path home;
    private final Path work;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> arguments = new ArrayList<>();
    private String user = System.getProperty("user.name");

    Setting(Path folder) {
        home = folder.resolve("home");
        work = folder.resolve("work");
        try {
            Files.createDirectories(home);
            Files.createDirectories(work);
        } catch (IOException wrong) {
            throw new UncheckedIOException(wrong);
        }
    }

    Setting variable(String name, String value) {
        environment.put(name, value);
        return this;
    }

    Setting arguments(String... more) {
        arguments.addAll(List.of(more));
        return this;
    }

    Setting user(String name) {
        user = name;
        return this;
    }

    Setting inHome(String path, String text) {
        return write(home.resolve(path), text, "rw-------");
    }

    Setting inWork(String path, String text) {
        return write(work.resolve(path), text, "rw-r--r--");
    }

    Setting inHomeWith(String permissions, String path, String text) {
        return write(home.resolve(path), text, permissions);
    }

    Setting inWorkWith(String permissions, String path, String text) {
        return write(work.resolve(path), text, permissions);
    }

    Path home() {
        return home;
    }

    Path work() {
        return work;
    }

    static ClusterSettings cluster(Settings settings, String name) {
        return Objects.requireNonNull(settings.clusters().get(name), name);
    }

    Settings load() {
        return Settings.load(new Inputs(arguments, environment, home, work, "Linux", user));
    }

    private Setting write(Path file, String text, String permissions) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            return this;
        } catch (IOException wrong) {
            throw new UncheckedIOException(wrong);
        }
    }
}
