package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
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

    @Override
    public Integer call() throws IOException {
        if (!client.equals(CLIENT)) {
            throw ToolException.invalidInput("CLIENT is " + CLIENT + ", not \"" + client + "\".", null);
        }
        Settings settings = Configuration.faultless(spec, List.of());
        Path target = (file == null ? usual() : file).toAbsolutePath();
        String before = Files.isRegularFile(target) ? Files.readString(target) : "";
        Map<String, String> environment = Configuration.asVariables(spec);
        Path jar = jar();
        Optional<Path> archive = Optional.empty();
        ClientFile.merged(before, name, entry(jar, archive, settings, environment)); // refuses before anybody is asked
        show(target, entry(jar, archive, settings, environment), settings);
        if (dryRun) {
            return Cli.DONE;
        }
        if (!yes && !agreed()) {
            spec.commandLine().getOut().println("Nothing was written.");
            return Cli.FAILED;
        }
        archive = ClassArchive.make(
                java(), jar, settings.server().stateDir().resolve("cache"), flags(settings), environment);
        write(target, ClientFile.merged(before, name, entry(jar, archive, settings, environment)));
        spec.commandLine().getOut().println("Written. Restart the client to see it.");
        return Cli.DONE;
    }

    private static boolean agreed() {
        Consenting.requireTerminal();
        return "yes".equalsIgnoreCase(Terminal.ask("Write it? Type yes: "));
    }

    private void show(Path target, Map<String, @Nullable Object> entry, Settings settings) {
        var out = spec.commandLine().getOut();
        out.println("In " + target + ", under mcpServers:");
        out.println("\"" + name + "\": " + new Masks(settings.secrets()).in(ClientFile.pretty(entry)));
        out.flush();
    }

    private static List<String> flags(Settings settings) {
        return settings.server()
                .configFile()
                .map(config -> List.of("--config", config.toAbsolutePath().toString()))
                .orElse(List.of());
    }

    private static Map<String, @Nullable Object> entry(
            Path jar, Optional<Path> archive, Settings settings, Map<String, String> environment) {
        List<String> arguments = new ArrayList<>(List.of("-Xlog:disable", "-Xlog:all=warning:stderr"));
        arguments.addAll(ClassArchive.LEAN);
        archive.ifPresent(made -> arguments.add("-XX:SharedArchiveFile=" + made));
        arguments.addAll(List.of("-jar", jar.toString()));
        arguments.addAll(flags(settings));
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

    /** Beside the old file and then in its place, so that a full disk loses nothing; only its owner reads it. */
    private static void write(Path target, String text) throws IOException {
        Path folder = java.util.Objects.requireNonNull(target.getParent());
        Files.createDirectories(folder);
        boolean posix = target.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] ours = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Path fresh = Files.createTempFile(folder, "claude", ".tmp", ours);
        Files.writeString(fresh, text);
        Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
