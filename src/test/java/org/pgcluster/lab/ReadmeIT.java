package org.pgcluster.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs every command of a page's transcripts against the lab, in order, and compares what they print, but for figures
 * and names. With {@code -Dsnapshots.update=true} it writes what they printed.
 */
@Tag("lab")
@Timeout(300)
class ReadmeIT {
    private static final Pattern SESSION = Pattern.compile("^\\|([0-9]+)\\|.*nightly", Pattern.MULTILINE);
    private static final Pattern REQUEST = Pattern.compile("approval_token: ([a-z]+-[a-z]+-[0-9]+)");

    /** What the README calls it, and what it is here. */
    private final Map<String, String> here = new LinkedHashMap<>();

    private final List<String> exports = new ArrayList<>();

    @TempDir
    Path home = Path.of("");

    private Path page = Path.of("");

    @Test
    void the_readme_shows_what_its_commands_print() throws Exception {
        every_transcript_is_what_its_commands_print("README.md");
    }

    /** There the lab's front is the database of somebody who has just begun. */
    @Test
    void the_page_of_first_troubles_shows_what_is_printed() throws Exception {
        Lab.requireCitus();
        URI database = URI.create(Lab.address("LAB_USER_DSN"));
        here.put("db1.example:5432", database.getHost() + ":" + database.getPort());
        here.put("right-password", database.getUserInfo().replaceFirst("^[^:]*:", ""));
        every_transcript_is_what_its_commands_print("docs/troubleshooting.md");
    }

    @Test
    void started_by_hand_it_says_what_it_waits_for() throws Exception {
        var builder = new ProcessBuilder("script", "-qec", "java -jar target/pgcluster-mcp.jar", "/dev/null")
                .directory(Lab.REPOSITORY.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment());
        Process process = builder.start();
        var said = new StringBuilder();
        try (var in = process.getInputStream()) {
            for (int next = in.read(); next >= 0 && !said.toString().contains("Ctrl-C"); next = in.read()) {
                said.append((char) next);
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
        assertTrue(
                said.toString().contains("pgcluster-mcp waits for an MCP client to speak on its stdin."),
                said::toString);
    }

    @Test
    void the_page_on_python_shows_what_its_client_prints() throws Exception {
        every_transcript_is_what_its_commands_print("docs/python.md");
    }

    private void every_transcript_is_what_its_commands_print(String name) throws Exception {
        Lab.requireCitus();
        page = Lab.REPOSITORY.resolve(name);
        here.put("--name demo", "--name " + Lab.address("LAB_NAME"));
        here.put("/home/ada/.local/bin", System.getProperty("user.home", "") + "/.local/bin");
        here.put("/home/ada", home.toString());
        here.put("runs as ada can", "runs as " + System.getProperty("user.name") + " can");
        here.put("/usr/lib/jvm/java-17", System.getProperty("java.home", ""));
        here.put("/opt/pgcluster-mcp", Lab.REPOSITORY.toString());
        here.put("on db1 they", "on " + InetAddress.getLocalHost().getHostName() + " they");
        here.put("\"user\":\"ada\"", "\"user\":\"" + System.getProperty("user.name") + "\"");
        List<Readme.Part> printed = new ArrayList<>();
        Readme written = Readme.of(Files.readString(page));
        for (Readme.Part part : written.parts()) {
            printed.add(part.command().isEmpty() ? part : new Readme.Part(part.command(), run(part)));
        }
        assertTrue(
                printed.stream().filter(part -> !part.command().isEmpty()).count() > 4,
                "the transcripts of " + name + " were not found");
        if (Boolean.getBoolean("snapshots.update")) {
            Files.writeString(page, new Readme(printed).text());
        } else {
            for (int i = 0; i < printed.size(); i++) {
                Readme.Part was = written.parts().get(i);
                assertEquals(
                        String.join("\n", Readme.shape(was.lines())),
                        String.join("\n", Readme.shape(printed.get(i).lines())),
                        was.command());
            }
        }
    }

    private List<String> run(Readme.Part part) throws Exception {
        String command = replaced(part.command(), false);
        if (command.startsWith("export ") || command.startsWith("eval ")) {
            exports.add(command);
            return part.lines();
        }
        String output = command.contains(".jar approve ") ? atTerminal(command) : behindPipe(command);
        if (command.endsWith("&")) {
            awaitNightlyReport();
            return part.lines();
        }
        learn("pids=\\[([0-9]+)\\]", SESSION, output);
        learn("approval_token=(\\S+)", REQUEST, output);
        return List.of(replaced(output.stripTrailing(), true).split("\n", -1));
    }

    /** The README's session and request are not this run's; what the README calls them stands in a later command. */
    private void learn(String inReadme, Pattern inOutput, String output) throws IOException {
        var found = inOutput.matcher(output);
        var named = Pattern.compile(inReadme).matcher(Files.readString(page));
        if (found.find() && named.find()) {
            here.putIfAbsent(named.group(1), found.group(1));
        }
    }

    private String replaced(String text, boolean back) {
        String result = text;
        for (var name : here.entrySet()) {
            result = back
                    ? result.replace(name.getValue(), name.getKey())
                    : result.replace(name.getKey(), name.getValue());
        }
        return result;
    }

    private List<String> inShell(String command) {
        return List.of("bash", "-c", String.join("\n", exports) + "\n" + command);
    }

    private Map<String, String> environment() {
        String path = System.getProperty("java.home") + "/bin:" + System.getenv("PATH");
        String state = home.resolve(".local/state").toString();
        return Map.of("HOME", home.toString(), "XDG_STATE_HOME", state, "NO_COLOR", "1", "PATH", path);
    }

    private String behindPipe(String command) {
        return Lab.run(environment(), inShell(command).toArray(String[]::new)).text();
    }

    /** A terminal of its own; the answer is typed once the question stands there. */
    private String atTerminal(String command) throws Exception {
        var builder = new ProcessBuilder(inShell("script -qec '" + command + "' /dev/null"))
                .directory(Lab.REPOSITORY.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment());
        Process process = builder.start();
        var said = new StringBuilder();
        try (var in = process.getInputStream();
                var out = process.getOutputStream()) {
            for (int next = in.read(); next >= 0; next = in.read()) {
                said.append((char) next);
                if (said.toString().endsWith("approve: ")) {
                    out.write("yes\n".getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
            }
        }
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return said.toString().replace("\r", "");
    }

    private static void awaitNightlyReport() throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        try (var connection = Lab.connect(Lab.address("LAB_DSN"))) {
            while (Lab.one(
                            connection,
                            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nightly-report'"
                                    + " AND state = 'active' AND now() - query_start > interval '2 s'")
                    .equals("0")) {
                assertTrue(System.nanoTime() < until, "the nightly report does not run");
                Thread.sleep(100);
            }
        }
    }
}
