package org.pgcluster.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds the configuration file: the first one counts. */
final class FileSearch {
    /** @param planted whether it lies in the working directory and nobody pointed at it */
    record Found(Path path, String text, boolean planted) {}

    private final Inputs inputs;
    private final Problems problems;

    FileSearch(Inputs inputs, Problems problems) {
        this.inputs = inputs;
        this.problems = problems;
    }

    @Nullable
    Found find(@Nullable String flag) {
        if (flag != null) {
            return named(flag, "flag --config");
        }
        var own = inputs.variable("PGCLUSTER_MCP_CONFIG");
        var citus = inputs.variable("CITUS_MCP_CONFIG");
        if (own != null && citus != null && !own.equals(citus)) {
            problems.warn(
                    "config",
                    "environment CITUS_MCP_CONFIG",
                    "CITUS_MCP_CONFIG differs from PGCLUSTER_MCP_CONFIG, which counts.");
        }
        if (own != null) {
            return named(own, "environment PGCLUSTER_MCP_CONFIG");
        }
        if (citus != null) {
            return named(citus, "environment CITUS_MCP_CONFIG");
        }
        var usual = usual("pgcluster-mcp");
        if (usual == null) {
            usual = usual("citus-mcp");
        }
        return usual != null ? usual : inWorkingDirectory();
    }

    private @Nullable Found named(String path, String source) {
        var file = inputs.resolve(path);
        if (!Files.isRegularFile(file)) {
            if (!Files.exists(file) && !Files.notExists(file)) { // a folder on the way lets nobody look
                notAllowed(file, source);
                return null;
            }
            String why = Files.isDirectory(file) ? " is a folder." : " does not exist.";
            problems.add("config", source, "The configuration file " + file + why);
            return null;
        }
        return read(file, source, false);
    }

    private @Nullable Found usual(String folder) {
        var xdg = inputs.variable("XDG_CONFIG_HOME");
        if (xdg != null && inputs.home().getFileSystem().getPath(xdg).isAbsolute()) {
            var found = ifThere(Path.of(xdg, folder, "config.yaml"));
            if (found != null) {
                return found;
            }
        }
        var found = ifThere(inputs.home().resolve(".config").resolve(folder).resolve("config.yaml"));
        if (found != null) {
            return found;
        }
        if (inputs.isMac()) {
            return ifThere(inputs.home()
                    .resolve("Library/Application Support")
                    .resolve(folder)
                    .resolve("config.yaml"));
        }
        var data = inputs.isWindows() ? inputs.variable("APPDATA") : null;
        return data == null ? null : ifThere(Path.of(data, folder, "config.yaml"));
    }

    private @Nullable Found ifThere(Path file) {
        return Files.isRegularFile(file) ? read(file, "file ".concat(file.toString()), false) : null;
    }

    private @Nullable Found inWorkingDirectory() {
        for (var name : new String[] {"pgcluster-mcp.yaml", "citus-mcp.yaml"}) {
            var file = inputs.workingDirectory().resolve(name);
            if (!Files.isRegularFile(file)) {
                continue;
            }
            if (Permissions.belongsOnlyTo(inputs.userName(), file, !inputs.isWindows())) {
                return read(file, "file ".concat(file.toString()), true);
            }
            problems.warn(
                    "config",
                    "file ".concat(file.toString()),
                    file + " is passed over: it must belong to " + inputs.userName()
                            + " and nobody else may write it; or pass it" + " by --config.");
        }
        return null;
    }

    private @Nullable Found read(Path file, String source, boolean planted) {
        try {
            return new Found(file, Files.readString(file, StandardCharsets.UTF_8), planted);
        } catch (AccessDeniedException notAllowed) {
            notAllowed(file, source);
            return null;
        } catch (IOException unreadable) {
            problems.add("config", source, "The configuration file " + file + " cannot be read as text.");
            return null;
        }
    }

    private void notAllowed(Path file, String source) {
        problems.add(
                "config",
                source,
                "The configuration file " + file + " may not be read by " + inputs.userName()
                        + ", who runs this: correct owner or mode, its own and of the folders above it.");
    }
}
