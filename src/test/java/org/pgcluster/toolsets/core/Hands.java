package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs the command of a finding as a person would who has nothing but its words: as printed, and where it says. */
final class Hands {
    private static final Pattern REMARK =
            Pattern.compile("^(.*?)(?: \\(((?:on|in psql, on|to|as) [^()]*)\\))?$", Pattern.DOTALL);
    private static final Pattern PLACE = Pattern.compile("[\\w.]+:\\d+");

    private final Map<String, String> lab;

    Hands(Map<String, String> lab) {
        this.lab = lab;
    }

    void run(String printed) throws IOException {
        Matcher parts = REMARK.matcher(printed);
        assertTrue(parts.matches(), printed);
        String command = parts.group(1);
        String remark = Objects.requireNonNullElse(parts.group(2), "");
        if (command.startsWith("pgcluster-mcp ")) { // those are run by the tests of the command line
            assertTrue(List.of("pgcluster-mcp check", "pgcluster-mcp config").contains(command), printed);
        } else if (command.startsWith("set server ")) {
            assertEquals("\n", socket(command + "\n"), printed);
        } else if (command.startsWith("patronictl ")) {
            Path settings = Path.of(named("LAB_FOLDER"), "g1m0.yml");
            shell(command.replaceFirst("patronictl", "patronictl -c " + settings), "");
        } else if (command.startsWith("openssl ")) {
            shell(command, "");
        } else {
            shell("psql -XAtq -v ON_ERROR_STOP=1 -d " + server(remark), command);
        }
    }

    private String server(String remark) {
        URI coordinator = URI.create(named("LAB_DSN"));
        Matcher place = PLACE.matcher(remark);
        String where = place.find() ? place.group() : coordinator.getAuthority().replaceFirst("^.*@", "");
        return "postgresql://" + coordinator.getUserInfo() + "@" + where + coordinator.getPath();
    }

    private String named(String variable) {
        return Objects.requireNonNull(lab.get(variable), variable);
    }

    private static void shell(String command, String input) throws IOException {
        Process process = new ProcessBuilder("bash", "-o", "pipefail", "-c", command)
                .redirectErrorStream(true)
                .start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        assertEquals(0, process.exitValue(), command + input + ": " + said);
    }

    private String socket(String command) throws IOException {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(named("LAB_HAPROXY_SOCKET")));
            channel.write(ByteBuffer.wrap(command.getBytes(StandardCharsets.UTF_8)));
            ByteBuffer said = ByteBuffer.allocate(4096);
            while (channel.read(said) >= 0) {
                assertTrue(said.hasRemaining(), command);
            }
            return new String(said.array(), 0, said.position(), StandardCharsets.UTF_8);
        }
    }
}
