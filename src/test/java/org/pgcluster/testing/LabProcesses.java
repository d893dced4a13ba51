package org.pgcluster.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The programs of a lab by name (a member such as g0m1 is its Patroni; etcd, haproxy, pgbouncer), to be broken. */
public final class LabProcesses {
    private static final Map<String, Was> KILLED = new ConcurrentHashMap<>();

    private final Path folder;

    /** How a program was run, so that it is run the same way again. */
    private record Was(List<String> command, List<String> environment) {}

    LabProcesses(Path folder) {
        this.folder = folder;
    }

    public Path folder() {
        return folder;
    }

    /** With SIGKILL, as a machine that loses its power; what it ran may live on. */
    public void kill(String name) {
        ProcessHandle process = find(name).orElseThrow(() -> new IllegalStateException(name + " does not run"));
        KILLED.put(folder + " " + name, new Was(command(process.pid()), words(process.pid(), "environ")));
        signal(process.pid(), "KILL");
        process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** Patroni first, so that nobody restarts what is killed next. */
    public void killWithPostgres(String member) {
        long postmaster = postmaster(member);
        kill(member);
        signal(postmaster, "KILL");
    }

    public void signal(String name, String sign) {
        signal(
                find(name)
                        .orElseThrow(() -> new IllegalStateException(name + " does not run"))
                        .pid(),
                sign);
    }

    public boolean runs(String name) {
        return find(name).isPresent();
    }

    public long postmaster(String member) {
        try {
            return Long.parseLong(Files.readAllLines(folder.resolve(member).resolve("postmaster.pid"))
                    .get(0)
                    .strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As the lab itself started it. */
    public void start(String name) {
        List<String> argv = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            argv.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        Was was = KILLED.getOrDefault(folder + " " + name, new Was(List.of(), List.of()));
        argv.addAll(was.command());
        var builder = new ProcessBuilder(argv)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(Redirect.appendTo(folder.resolve(name + ".log").toFile()));
        builder.environment().clear();
        was.environment().stream()
                .map(one -> one.split("=", 2))
                .filter(one -> one.length == 2)
                .forEach(one -> builder.environment().put(one[0], one[1]));
        try {
            builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<ProcessHandle> find(String name) {
        String file = folder.resolve(name + ".yml").toString();
        return ProcessHandle.allProcesses()
                .filter(process -> isOurs(process.pid()))
                .filter(process -> {
                    List<String> words = command(process.pid());
                    return !words.isEmpty()
                            && !words.get(0).endsWith("runuser")
                            && (words.contains(file) || words.get(0).endsWith("/" + name));
                })
                .findFirst();
    }

    private boolean isOurs(long pid) {
        return (read(pid, "environ") + "\0").contains("PGCLUSTER_LAB_FOLDER=" + folder + "\0");
    }

    private static List<String> command(long pid) {
        return words(pid, "cmdline");
    }

    private static List<String> words(long pid, String file) {
        String line = read(pid, file);
        return line.isEmpty() ? List.of() : List.of(line.split("\0", 0));
    }

    private static String read(long pid, String file) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc", String.valueOf(pid), file)), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return ""; // ended meanwhile, or somebody else's
        }
    }

    public void signal(long pid, String sign) {
        try {
            new ProcessBuilder("kill", "-" + sign, String.valueOf(pid)).start().waitFor(10, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
