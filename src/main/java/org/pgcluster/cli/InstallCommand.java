package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
    /** Of what the JVM itself has to say, thread dumps among it, nothing goes to the client. */
    private static final List<String> QUIET =
            List.of("-Xlog:disable", "-Xlog:all=warning:stderr", "-XX:+DisplayVMOutputToStderr");

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "CLIENT",
            description = "claude-desktop, claude-code, vscode, cursor or copilot.")
    String client = "";

    @Option(names = "--name", paramLabel = "NAME", description = "What the client calls this server.")
    String name = "pgcluster";

    @Option(names = "--file", paramLabel = "FILE", description = "The client's file, where it lies elsewhere.")
    @Nullable
    Path file;

    @Option(
            names = "--workspace",
            description = "For the project in this folder only, in the file that it shares; no password goes there.")
    boolean workspace;

    @Option(names = "--dry-run", description = "Shows the change and writes nothing.")
    boolean dryRun;

    @Option(names = "--yes", description = "Writes without asking.")
    boolean yes;

    @Option(names = "--remove", description = "Takes the entry out again.")
    boolean remove;

    private final Client.Machine machine = Client.Machine.here();

    @Override
    public Integer call() throws IOException {
        Client known = Client.named(client);
        Path target = (file == null ? place(known) : file).toAbsolutePath();
        ClientFile content = new ClientFile(known, SafeFile.read(target));
        return remove ? removed(known, target, content) : installed(known, target, content);
    }

    private Path place(Client known) {
        if (!workspace) {
            return known.file(machine);
        }
        return known.file(Path.of(""))
                .orElseThrow(() ->
                        ToolException.invalidInput(client + " has no file for one project.", "Leave --workspace out."));
    }

    private int installed(Client known, Path target, ClientFile content) throws IOException {
        Settings settings = Configuration.faultless(spec, List.of());
        List<String> flags = flags(settings);
        Map<String, String> environment = Configuration.asVariables(spec);
        Masks masks = new Masks(settings.secrets());
        refuseSharing(environment, masks);
        Path jar = jar();
        Path archive = ClassArchive.place(
                jar, settings.server().stateDir().toAbsolutePath().resolve("cache"));
        Map<String, @Nullable Object> entry = entry(jar, Optional.of(archive), flags, environment);
        LauncherFile launcher = new LauncherFile(machine, java(), jar);
        say("In " + target + ", under " + known.servers() + ":");
        say("\"" + name + "\": " + masks.in(ClientFile.pretty(known.entry(entry))));
        if (!content.unread().isEmpty()) {
            say("Moved there from mcpServers, which this client does not read: " + String.join(", ", content.unread()));
        }
        say(
                launcher.isFree()
                        ? "And the command " + launcher.place() + "."
                        : launcher.place() + " is somebody else's and stays as it is.");
        if (!mayWrite()) {
            return dryRun ? Cli.DONE : Cli.FAILED;
        }
        if (!ClassArchive.make(java(), jar, archive, flags, environment)) {
            say("The start-up cache could not be made, so each start takes a little longer.");
            entry = entry(jar, Optional.empty(), flags, environment);
        }
        write(target, content.with(name, entry));
        command(launcher);
        Exposed.files(settings).forEach(one -> say(one.text() + " " + one.mend()));
        Exposed.ownUser(settings).forEach(this::say);
        return Cli.DONE;
    }

    /** A project's file is for all who work on it. */
    private void refuseSharing(Map<String, String> environment, Masks masks) {
        for (var variable : environment.entrySet()) {
            if (workspace && !masks.in(variable.getValue()).equals(variable.getValue())) {
                throw ToolException.invalidInput(
                        variable.getKey() + " holds a password, and the file of a project is read by others.",
                        "Keep it in ~/.pgpass, in a file of your own (--config FILE), or leave --workspace out.");
            }
        }
    }

    private void command(LauncherFile launcher) throws IOException {
        if (!launcher.isFree()) {
            return;
        }
        launcher.write();
        if (!launcher.isFound()) {
            say("To type " + launcher.place().getFileName() + " by its name, put "
                    + launcher.place().getParent() + " on your PATH.");
        }
    }

    private int removed(Client known, Path target, ClientFile content) throws IOException {
        Optional<String> after = content.without(name);
        if (after.isEmpty()) {
            say(target + " has no \"" + name + "\" under " + known.servers() + ", so nothing was written.");
            return Cli.DONE;
        }
        say("In " + target + ", under " + known.servers() + ": \"" + name + "\" goes.");
        if (!mayWrite()) {
            return dryRun ? Cli.DONE : Cli.FAILED;
        }
        write(target, after.get());
        return Cli.DONE;
    }

    private void write(Path target, String after) throws IOException {
        if (Files.isRegularFile(target) && Files.readString(target).equals(after)) {
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
        if (!Terminal.isThere()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "Nobody is at a terminal to say yes, so nothing was written.",
                    "Run it in a terminal, or add --yes.");
        }
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
        List<String> arguments = new ArrayList<>(QUIET);
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
}
