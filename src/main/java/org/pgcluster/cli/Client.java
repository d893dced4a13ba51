package org.pgcluster.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** The clients that {@code install} knows: where each keeps its servers, under which name, and what it wants beside a command. */
enum Client {
    CLAUDE_DESKTOP("mcpServers", "", ""),
    CLAUDE_CODE("mcpServers", "stdio", ".mcp.json"),
    VSCODE("servers", "stdio", ".vscode/mcp.json"),
    CURSOR("mcpServers", "", ".cursor/mcp.json"),
    COPILOT("mcpServers", "local", ".mcp.json");

    private final String servers;

    /** What it calls a server that it starts itself; empty where it does not ask. */
    private final String type;

    private final String inWorkspace;

    Client(String servers, String type, String inWorkspace) {
        this.servers = servers;
        this.type = type;
        this.inWorkspace = inWorkspace;
    }

    /** This person's machine, as far as it decides where a client looks. */
    record Machine(String os, Path home, Map<String, String> environment) {
        static Machine here() {
            return new Machine(
                    System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")), System.getenv());
        }

        private boolean mac() {
            return os.toLowerCase(Locale.ROOT).startsWith("mac");
        }

        private boolean windows() {
            return os.toLowerCase(Locale.ROOT).startsWith("windows");
        }

        private Path named(String variable, String otherwise) {
            String told = environment.get(variable);
            return told == null || told.isEmpty() ? home.resolve(otherwise) : Path.of(told);
        }

        /** Where programs keep what belongs to one person. */
        private Path ofPrograms() {
            return mac()
                    ? home.resolve("Library/Application Support")
                    : windows() ? named("APPDATA", "AppData/Roaming") : named("XDG_CONFIG_HOME", ".config");
        }

        /** A folder on the search path that belongs to this person. */
        Path forCommands() {
            return windows()
                    ? named("LOCALAPPDATA", "AppData/Local").resolve("Microsoft/WindowsApps")
                    : home.resolve(".local/bin");
        }

        String launcher() {
            return windows() ? "pgcluster-mcp.cmd" : "pgcluster-mcp";
        }

        boolean searches(Path folder) {
            String path = environment.getOrDefault("PATH", "");
            return Arrays.stream(path.split(windows() ? ";" : ":")).anyMatch(folder.toString()::equals);
        }
    }

    static Client named(String name) {
        for (Client client : values()) {
            if (client.word().equals(name)) {
                return client;
            }
        }
        throw ToolException.invalidInput("CLIENT is one of " + words() + ", not \"" + name + "\".", null);
    }

    static String words() {
        return Arrays.stream(values()).map(Client::word).collect(Collectors.joining(", "));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String servers() {
        return servers;
    }

    /** The file for all that this person does. */
    Path file(Machine machine) {
        return switch (this) {
            case CLAUDE_DESKTOP -> machine.ofPrograms().resolve("Claude/claude_desktop_config.json");
            case CLAUDE_CODE -> machine.named("CLAUDE_CONFIG_DIR", "").resolve(".claude.json");
            case VSCODE -> machine.ofPrograms().resolve("Code/User/mcp.json");
            case CURSOR -> machine.home().resolve(".cursor/mcp.json");
            case COPILOT -> machine.named("COPILOT_HOME", ".copilot").resolve("mcp-config.json");
        };
    }

    /** The file of one project, where the client has such. */
    Optional<Path> file(Path workspace) {
        return inWorkspace.isEmpty() ? Optional.empty() : Optional.of(workspace.resolve(inWorkspace));
    }

    /** An entry as this client wants it. */
    Map<String, @Nullable Object> entry(Map<String, @Nullable Object> command) {
        Map<String, @Nullable Object> entry = new LinkedHashMap<>();
        if (!type.isEmpty()) {
            entry.put("type", type);
        }
        if (this == COPILOT) {
            entry.put("tools", List.of("*"));
        }
        entry.putAll(command);
        return entry;
    }
}
