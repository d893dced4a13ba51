package org.pgcluster.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** libpq's password file. As libpq does, it is passed over where anybody but its owner may read it. */
final class PasswordFile {
    private final Inputs inputs;
    private final Problems problems;

    PasswordFile(Inputs inputs, Problems problems) {
        this.inputs = inputs;
        this.problems = problems;
    }

    /** One password for all hosts of the connection; where they would need several there is none. */
    @Nullable
    String find(Dsn dsn, @Nullable String written) {
        var file = place(written);
        if (file == null || !Files.isRegularFile(file) || !isPrivate(file)) {
            return null;
        }
        var lines = lines(file);
        var password = match(lines, dsn, dsn.hosts().get(0));
        for (var host : dsn.hosts()) {
            var other = match(lines, dsn, host);
            if (other == null ? password != null : !other.equals(password)) {
                problems.warn(
                        "coordinator_dsn",
                        "file " + file,
                        file
                                + " has not the same password for every host of one connection, so none is taken from it.");
                return null;
            }
        }
        return password;
    }

    private @Nullable Path place(@Nullable String written) {
        if (written != null) {
            return inputs.resolve(written);
        }
        if (!inputs.isWindows()) {
            return inputs.home().resolve(".pgpass");
        }
        var data = inputs.variable("APPDATA");
        return data == null ? null : Path.of(data, "postgresql", "pgpass.conf");
    }

    private boolean isPrivate(Path file) {
        if (inputs.isWindows() || !Permissions.opensToOthers(file)) {
            return true;
        }
        problems.warn(
                "coordinator_dsn",
                "file " + file,
                file + " is not used because others may read it; chmod 600 mends it.");
        return false;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            // As libpq: a password file that cannot be read is none, and the server says that a password is missing.
            return List.of();
        }
    }

    private static @Nullable String match(List<String> lines, Dsn dsn, Address address) {
        var host = address.host().startsWith("/var/run/postgresql")
                        || address.host().startsWith("/tmp")
                ? "localhost"
                : address.host();
        for (var line : lines) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            var fields = fields(line);
            if (fields.size() >= 5
                    && (fits(fields.get(0), host) || fits(fields.get(0), address.host()))
                    && fits(fields.get(1), Integer.toString(address.port()))
                    && fits(fields.get(2), dsn.database())
                    && fits(fields.get(3), dsn.user().orElse(""))) {
                return fields.get(4);
            }
        }
        return null;
    }

    private static boolean fits(String field, String value) {
        return field.equals("*") || field.equals(value);
    }

    /** Colons part the fields; a backslash makes the next character plain. */
    private static List<String> fields(String line) {
        var fields = new ArrayList<String>(5);
        var field = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\\' && i + 1 < line.length()) {
                i++;
                field.append(line.charAt(i));
            } else if (c == ':') {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}
