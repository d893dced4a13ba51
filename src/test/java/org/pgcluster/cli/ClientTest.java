package org.pgcluster.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.cli.Client.Machine;
import org.pgcluster.error.ToolException;

class ClientTest {
    private static final Path HOME = Path.of("/home/ada");

    @ParameterizedTest
    @CsvSource({
        "claude-desktop, Linux,      .config/Claude/claude_desktop_config.json",
        "claude-desktop, Mac OS X,   Library/Application Support/Claude/claude_desktop_config.json",
        "claude-desktop, Windows 11, AppData/Roaming/Claude/claude_desktop_config.json",
        "claude-code,    Linux,      .claude.json",
        "claude-code,    Mac OS X,   .claude.json",
        "claude-code,    Windows 11, .claude.json",
        "vscode,         Linux,      .config/Code/User/mcp.json",
        "vscode,         Mac OS X,   Library/Application Support/Code/User/mcp.json",
        "vscode,         Windows 11, AppData/Roaming/Code/User/mcp.json",
        "cursor,         Linux,      .cursor/mcp.json",
        "cursor,         Mac OS X,   .cursor/mcp.json",
        "cursor,         Windows 11, .cursor/mcp.json",
        "copilot,        Linux,      .copilot/mcp-config.json",
        "copilot,        Mac OS X,   .copilot/mcp-config.json",
        "copilot,        Windows 11, .copilot/mcp-config.json"
    })
    void each_client_looks_in_its_own_place(String client, String os, String place) {
        assertEquals(HOME.resolve(place), Client.named(client).file(new Machine(os, HOME, Map.of())));
    }

    @ParameterizedTest
    @CsvSource({
        "claude-desktop, Linux,      XDG_CONFIG_HOME,   Claude/claude_desktop_config.json",
        "vscode,         Windows 11, APPDATA,           Code/User/mcp.json",
        "claude-code,    Linux,      CLAUDE_CONFIG_DIR, .claude.json",
        "copilot,        Linux,      COPILOT_HOME,      mcp-config.json"
    })
    void a_variable_that_moves_it_is_followed(String client, String os, String variable, String place) {
        assertEquals(
                Path.of("/elsewhere").resolve(place),
                Client.named(client).file(new Machine(os, HOME, Map.of(variable, "/elsewhere"))));
    }

    @ParameterizedTest
    @CsvSource({
        "vscode, .vscode/mcp.json",
        "claude-code, .mcp.json",
        "cursor, .cursor/mcp.json",
        "copilot, .mcp.json",
        "claude-desktop, "
    })
    void a_project_has_a_file_of_its_own_where_the_client_reads_one(String client, String place) {
        assertEquals(
                Optional.ofNullable(place).map(Path.of("/project")::resolve),
                Client.named(client).file(Path.of("/project")));
    }

    @Test
    void a_client_that_is_not_known_is_told_the_known_ones() {
        var told = assertThrows(ToolException.class, () -> Client.named("emacs"));
        assertTrue(told.text().contains("claude-desktop, claude-code, vscode, cursor, copilot"), told.text());
    }

    @Test
    void a_command_lies_where_the_shell_looks() {
        var linux = new Machine("Linux", HOME, Map.of("PATH", "/usr/bin:/home/ada/.local/bin"));
        assertEquals(HOME.resolve(".local/bin"), linux.forCommands());
        assertTrue(linux.searches(linux.forCommands()));
        assertFalse(new Machine("Linux", HOME, Map.of("PATH", "/usr/bin")).searches(linux.forCommands()));
        var windows = new Machine("Windows 11", HOME, Map.of());
        assertEquals(HOME.resolve("AppData/Local/Microsoft/WindowsApps"), windows.forCommands());
        var launcher = new LauncherFile(windows, Path.of("/jdk/bin/java"), Path.of("/opt/a b.jar"));
        assertTrue(launcher.text().endsWith("@\"/jdk/bin/java\" -jar \"/opt/a b.jar\" %*\r\n"), launcher.text());
    }
}
