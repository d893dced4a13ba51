package org.pgcluster.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** libpq's connection service files: the user's first, then the system's. */
final class ServiceFile {
    private final Inputs inputs;

    ServiceFile(Inputs inputs) {
        this.inputs = inputs;
    }

    Map<String, String> read(String service, @Nullable String written) throws Unreadable {
        var files = places(written);
        for (var file : files) {
            if (Files.isReadable(file)) {
                var found = section(file, service);
                if (found != null) {
                    return found;
                }
            }
        }
        throw new Unreadable("names the service `" + service + "`, which no service file has; looked in " + files);
    }

    private List<Path> places(@Nullable String written) {
        var files = new ArrayList<Path>();
        var user = written != null ? written : inputs.variable("PGSERVICEFILE");
        if (user != null) {
            files.add(inputs.resolve(user));
        } else if (inputs.isWindows()) {
            var data = inputs.variable("APPDATA");
            files.add(Path.of(data == null ? "" : data, "postgresql", ".pg_service.conf"));
        } else {
            files.add(inputs.home().resolve(".pg_service.conf"));
        }
        var system = inputs.variable("PGSYSCONFDIR");
        files.add(Path.of(system == null ? "/etc/postgresql-common" : system, "pg_service.conf"));
        return files;
    }

    private static @Nullable Map<String, String> section(Path file, String service) throws Unreadable {
        Map<String, String> found = null;
        int number = 0;
        for (var raw : lines(file)) {
            number++;
            var line = raw.strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (line.startsWith("[")) {
                if (found != null) {
                    return found;
                }
                found = line.equals("[" + service + "]") ? new LinkedHashMap<>() : null;
            } else if (found != null) {
                entry(line, "line " + number + " of " + file, found);
            }
        }
        return found;
    }

    private static void entry(String line, String place, Map<String, String> found) throws Unreadable {
        int equals = line.indexOf('=');
        if (equals < 1 || line.startsWith("ldap")) {
            throw new Unreadable("leads to " + place + ", which is no key=value");
        }
        var name = line.substring(0, equals).strip();
        if (name.equals("service")) {
            throw new Unreadable("leads to " + place + ", and services do not nest");
        }
        ConnectionParameters.add(name, line.substring(equals + 1).strip(), found);
    }

    private static List<String> lines(Path file) throws Unreadable {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new Unreadable("leads to " + file + ", which cannot be read as text");
        }
    }
}
