package org.pgcluster;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.cli.Cli;
import org.pgcluster.cli.Terminal;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Problem;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Catalogue;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.mcp.Limits;
import org.pgcluster.mcp.StdioServer;
import org.pgcluster.offers.Offering;
import org.pgcluster.shape.Nearest;

/** Picks the command; nothing else. What clients start, serving on stdin and stdout, loads no command line library. */
public final class Main {
    private static final List<String> COMMANDS =
            List.of("check", "config", "tools", "call", "approve", "install", "help");

    private Main() {}

    public static void main(String[] arguments) {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
        // Patroni waits for the goodbye of a TLS client before it closes; Java says none unless told to before it loads
        // TLS.
        System.setProperty("jdk.tls.acknowledgeCloseNotify", "true");
        boolean named = arguments.length > 0 && arguments[0].equals("serve");
        List<String> rest = List.of(arguments).subList(named ? 1 : 0, arguments.length);
        System.exit(isForPeople(rest, named) ? Cli.run(rest, version()) : serve(rest));
    }

    /** A DSN or a flag of the configuration is for serving; the words of the other commands are told apart here. */
    private static boolean isForPeople(List<String> arguments, boolean serve) {
        for (String argument : arguments) {
            if (List.of("--help", "-h", "--version", "-V").contains(argument)) {
                return true;
            }
        }
        return !serve
                && !arguments.isEmpty()
                && (COMMANDS.contains(arguments.get(0)) || isMisspelt(arguments.get(0)) || commandIsSecond(arguments));
    }

    /** No connection string is one plain word, so that this is not what was meant. */
    private static boolean isMisspelt(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (word.charAt(i) < 'a' || word.charAt(i) > 'z') {
                return false;
            }
        }
        return Nearest.of(word, COMMANDS) != null;
    }

    /** Somebody wrote the DSN before the command: serving behind a pipe would hide that mistake. */
    private static boolean commandIsSecond(List<String> arguments) {
        return arguments.size() > 1 && !arguments.get(0).startsWith("-") && COMMANDS.contains(arguments.get(1));
    }

    private static int serve(List<String> arguments) {
        PrintStream out = System.out;
        System.setOut(System.err);
        var ahead = new Ahead();
        ahead.start();
        Settings settings = Settings.load(Inputs.ofThisProcess(arguments));
        if (!settings.problems().isEmpty() && Terminal.isThere()) {
            for (Problem problem : settings.problems()) {
                System.err.println(problem);
            }
            return 2;
        }
        for (Problem warning : settings.warnings()) {
            System.err.println(warning);
        }
        var desk = new Opening(settings, ahead.version());
        var in = new Heard();
        new Alone(in).start();
        int code = StdioServer.serve(
                in,
                new FileOutputStream(FileDescriptor.out),
                Dispatcher.front(settings, ahead.catalogue(), ahead.version()),
                desk,
                new Offering(settings, ahead.catalogue(), desk),
                Limits.with(longest(settings).plusSeconds(5)));
        out.flush();
        return code;
    }

    /** Stdin, which knows whether anybody spoke. */
    private static final class Heard extends FileInputStream {
        private volatile boolean any;

        Heard() {
            super(FileDescriptor.in);
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            any = true;
            return count;
        }
    }

    /** A client speaks at once. Who started this by hand sees nothing happen, and is told what it waits for. */
    private static final class Alone extends Thread {
        private final Heard in;

        Alone(Heard in) {
            super("alone");
            this.in = in;
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                sleep(1000);
            } catch (InterruptedException e) {
                currentThread().interrupt();
                return;
            }
            if (!in.any && Terminal.isThere()) {
                System.err.println(
                        "pgcluster-mcp waits for an MCP client to speak on its stdin. Add it to yours with the"
                                + " command install, or ask it yourself: check, tools, call cluster_health. Ctrl-C ends it.");
            }
        }
    }

    /** Of the statements that any cluster allows; what belongs to no cluster has the default. */
    private static Duration longest(Settings settings) {
        Duration longest = settings.clusters().isEmpty() ? Duration.ofSeconds(30) : Duration.ZERO;
        for (var cluster : settings.clusters().values()) {
            if (cluster.statementTimeout().compareTo(longest) > 0) {
                longest = cluster.statementTimeout();
            }
        }
        return longest;
    }

    /** What needs no configuration, read beside it: a client waits for the longer of the two and not for both. */
    private static final class Ahead extends Thread {
        private @Nullable String catalogue;
        private @Nullable String version;

        @Override
        public void run() {
            catalogue = Catalogue.packed();
            version = Main.version();
            StdioServer.load();
        }

        /** Where that thread failed, this one meets the same problem and reports it. */
        String catalogue() {
            try {
                join();
            } catch (InterruptedException e) {
                currentThread().interrupt();
            }
            return catalogue == null ? Catalogue.packed() : catalogue;
        }

        String version() {
            return version == null ? Main.version() : version;
        }
    }

    /**
     * The one desk of this process, whoever asks first. No lambda: the first of a process costs more than this class, and
     * a client waits for it.
     */
    private static final class Opening implements Supplier<Desk> {
        private final Settings settings;
        private final String version;
        private @Nullable Desk made;

        Opening(Settings settings, String version) {
            this.settings = settings;
            this.version = version;
        }

        @Override
        public synchronized Desk get() {
            if (made == null) {
                made = new Dispatcher(new Workshop(settings, version));
            }
            return made;
        }
    }

    /** One place has the version: the build writes it into this resource. */
    static String version() {
        try (InputStream in = Main.class.getResourceAsStream("/version.properties")) {
            if (in == null) {
                throw new IllegalStateException("the build packed no version");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).trim();
            return text.substring(text.indexOf('=') + 1);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
