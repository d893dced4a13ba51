package org.pgcluster.guard;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What each act is at, in the state folder, so that another process can tell it and ask for a stop. Only the process that
 * runs an act writes about it. Threads share it; one object for each process.
 */
public final class Ledger {
    private static final String HEAD = "pgcluster-mcp operation 1";
    private static final String KEPT = ".operation";
    private static final String STOP = ".stop";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{12}");
    private static final Duration REMEMBERED = Duration.ofDays(7);

    /** An act as its process last wrote it; {@code outcome} is there once it has ended. */
    public record Kept(
            String name,
            String tool,
            String cluster,
            String host,
            String process,
            Instant began,
            Instant written,
            String state,
            String progress,
            Optional<String> outcome) {
        public boolean ended() {
            return outcome.isPresent();
        }

        /** Whether its process is still there; empty where that is another host's. */
        public Optional<Boolean> alive(String ourHost) {
            return host.equals(ourHost)
                    ? Optional.of(process.equals(identity(Long.parseLong(process.split(" ", 2)[0]))))
                    : Optional.empty();
        }
    }

    private final Path stateDir;
    private final String host;
    private final Clock clock;
    private @Nullable Folder folder;

    public Ledger(Path stateDir, String host, Clock clock) {
        this.stateDir = stateDir;
        this.host = host;
        this.clock = clock;
    }

    public Kept began(String name, String tool, String cluster) {
        forgetOld();
        var now = clock.instant();
        var process = identity(ProcessHandle.current().pid());
        return written(new Kept(name, tool, cluster, host, process, now, now, "running", "Started.", Optional.empty()));
    }

    public Kept at(Kept kept, String state, String progress, Optional<String> outcome) {
        return written(new Kept(
                kept.name,
                kept.tool,
                kept.cluster,
                kept.host,
                kept.process,
                kept.began,
                clock.instant(),
                state,
                progress,
                outcome));
    }

    /** For an act that did not begin after all. */
    public void forget(String name) {
        operations().delete(name + KEPT);
        operations().delete(name + STOP);
    }

    public Optional<Kept> find(String name) {
        return NAME.matcher(name).matches()
                ? operations().read(name + KEPT).map(text -> read(name, text))
                : Optional.empty();
    }

    /** The acts that began last, newest first. */
    public List<Kept> last(int most) {
        return operations().names(KEPT).stream()
                .flatMap(name -> find(name).stream())
                .sorted(Comparator.comparing(Kept::began).reversed().thenComparing(Kept::name))
                .limit(most)
                .toList();
    }

    /** The process that runs it looks for this once a second. */
    public void askToStop(String name) {
        operations().create(name + STOP, clock.instant() + "\n");
    }

    public boolean stopAsked(String name) {
        return operations().has(name + STOP);
    }

    private Kept written(Kept kept) {
        var lines = new Lines()
                .head(HEAD)
                .put("tool", kept.tool)
                .put("cluster", kept.cluster)
                .put("host", kept.host)
                .put("process", kept.process)
                .put("began", kept.began.toString())
                .put("written", kept.written.toString())
                .put("state", kept.state)
                .put("progress", kept.progress);
        kept.outcome.ifPresent(text -> lines.put("outcome", text));
        operations().write(kept.name + KEPT, lines.text());
        return kept;
    }

    private static Kept read(String name, String text) {
        var lines = Lines.parse(HEAD, text);
        return new Kept(
                name,
                lines.only("tool"),
                lines.only("cluster"),
                lines.only("host"),
                lines.only("process"),
                Instant.parse(lines.only("began")),
                Instant.parse(lines.only("written")),
                lines.only("state"),
                lines.only("progress"),
                lines.all("outcome").stream().findFirst());
    }

    /** A number alone may belong to another process by now. */
    private static String identity(long pid) {
        var started = ProcessHandle.of(pid)
                .flatMap(process -> process.info().startInstant())
                .map(Instant::toString);
        return pid + " " + started.orElse("");
    }

    private void forgetOld() {
        var oldest = clock.instant().minus(REMEMBERED);
        for (var name : operations().names(KEPT)) {
            if (find(name).filter(kept -> kept.written.isBefore(oldest)).isPresent()) {
                forget(name);
            }
        }
    }

    private synchronized Folder operations() {
        if (folder == null) {
            Folder.open(stateDir);
            folder = Folder.open(stateDir.resolve("operations"));
        }
        return folder;
    }
}
