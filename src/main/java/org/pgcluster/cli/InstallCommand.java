package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Masks;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Puts this server into a client's own file; a password goes into its env block and never on a command line. */
@Command(
        name = "install",
        description = "Puts this server into a client's file: shows the change, asks, and leaves all else as it is.")
final class InstallCommand implements Callable<Integer> {
    private static final String CLIENT = "claude-desktop";

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "CLIENT", description = CLIENT + ".")
    String client = "";

    @Option(names = "--name", paramLabel = "NAME", description = "What the client calls this server.")
    String name = "pgcluster";

    @Option(names = "--file", paramLabel = "FILE", description = "The client's file, where it lies elsewhere.")
    @Nullable
    Path file;

    @Option(names = "--dry-run", description = "Shows the change and writes nothing.")
    boolean dryRun;

    @Option(names = "--yes", description = "Writes without asking.")
    boolean yes;

    @Option(names = "--remove", description = "Takes the entry out again.")
    boolean remove;

    @Override
    public Integer call() throws IOException {
        if (!client.equals(CLIENT)) {
            throw ToolException.invalidInput("CLIENT is " + CLIENT + ", not \"" + client + "\".", null);
        }
        Path target = (file == null ? usual() : file).toAbsolutePath();
        String before = Files.isRegularFile(target) ? Files.readString(target) : "";
        return remove ? removed(target, before) : installed(target, before);
    }

    private int installed(Path target, String before) throws IOException {
        Settings settings = Configuration.faultless(spec, List.of());
        List<String> flags = flags(settings);
        Map<String, String> environment = Configuration.asVariables(spec);
        Path jar = jar();
        Optional<Path> archive = Optional.of(ClassArchive.place(
                jar, settings.server().stateDir().toAbsolutePath().resolve("cache")));
        Map<String, @Nullable Object> entry = entry(jar, archive, flags, environment);
        String after = ClientFile.merged(before, name, entry);
        say("In " + target + ", under mcpServers:");
        say("\"" + name + "\": " + new Masks(settings.secrets()).in(ClientFile.pretty(entry)));
        if (!mayWrite()) {
            return dryRun ? Cli.DONE : Cli.FAILED;
        }
        if (!ClassArchive.make(java(), jar, archive.orElseThrow(), flags, environment)) {
            say("The start-up cache could not be made, so each start takes a little longer.");
            after = ClientFile.merged(before, name, entry(jar, Optional.empty(), flags, environment));
        }
        write(target, before, after);
        return Cli.DONE;
    }

    private int removed(Path target, String before) throws IOException {
        Optional<String> after = ClientFile.without(before, name);
        if (after.isEmpty()) {
            say(target + " has no \"" + name + "\" under mcpServers, so nothing was written.");
            return Cli.DONE;
        }
        say("In " + target + ", under mcpServers: \"" + name + "\" goes.");
        if (!mayWrite()) {
            return dryRun ? Cli.DONE : Cli.FAILED;
        }
        write(target, before, after.get());
        return Cli.DONE;
    }

    private void write(Path target, String before, String after) throws IOException {
        if (before.equals(after)) {
            say("It stands there already, so nothing was written.");
            return;
        }
        Optional<Path> backup = SafeFile.replace(target, after);
        backup.ifPresent(kept -> say("What it was lies in " + kept + "."));
        say("Written. Restart the client to see it.");
    }

    private boolean mayWrite() {
        if (dryRun) {
            return false;
        }
        if (yes || agreed()) {
            return true;
        }
        say("Nothing was written.");
        return false;
    }

    private void say(String text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }

    private static boolean agreed() {
        Consenting.requireTerminal();
        return "yes".equalsIgnoreCase(Terminal.ask("Write it? Type yes: "));
    }

    /** A file in the working directory was not pointed at; by its path in the entry it would be trusted for good. */
    private List<String> flags(Settings settings) {
        Optional<Path> found = settings.server().configFile().map(Path::toAbsolutePath);
        boolean named = spec.commandLine().getParseResult().hasMatchedOption("--config")
                || System.getenv("PGCLUSTER_MCP_CONFIG") != null
                || System.getenv("CITUS_MCP_CONFIG") != null;
        boolean planted = found.isPresent()
                && !named
                && Path.of("").toAbsolutePath().equals(found.get().getParent());
        if (planted) {
            throw ToolException.invalidInput(
                    found.get() + " lies in the working directory, where the client will not look.",
                    "If it is yours, add: --config " + found.get());
        }
        return found.map(config -> List.of("--config", config.toString())).orElse(List.of());
    }

    private static Map<String, @Nullable Object> entry(
            Path jar, Optional<Path> archive, List<String> flags, Map<String, String> environment) {
        List<String> arguments = new ArrayList<>(List.of("-Xlog:disable", "-Xlog:all=warning:stderr"));
        arguments.addAll(ClassArchive.LEAN);
        archive.ifPresent(made -> arguments.add("-XX:SharedArchiveFile=" + made));
        arguments.addAll(List.of("-jar", jar.toString()));
        arguments.addAll(flags);
        Map<String, @Nullable Object> entry = new LinkedHashMap<>();
        entry.put("command", java().toString());
        entry.put("args", arguments);
        if (!environment.isEmpty()) {
            entry.put("env", new TreeMap<>(environment));
        }
        return entry;
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home", ""), "bin", "java");
    }

    private static Path jar() {
        String path = System.getProperty("java.class.path", "");
        if (!path.endsWith(".jar") || path.contains(java.io.File.pathSeparator)) {
            throw new ToolException(ErrorCode.UNSUPPORTED, "install runs from the JAR.", "java -jar … install");
        }
        return Path.of(path).toAbsolutePath();
    }

    private static Path usual() {
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        Path home = Path.of(System.getProperty("user.home", ""));
        Path folder = os.startsWith("mac")
                ? home.resolve("Library/Application Support")
                : os.startsWith("windows") ? home.resolve("AppData/Roaming") : home.resolve(".config");
        return folder.resolve("Claude/claude_desktop_config.json");
    }
}
