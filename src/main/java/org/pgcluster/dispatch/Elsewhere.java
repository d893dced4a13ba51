package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.pgcluster.audit.Audit;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Ledger;
import org.pgcluster.guard.Ledger.Kept;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Server.Followed;

/**
 * Acts that another server began. One that is there tells of them in the state folder; what one that is gone left running
 * still names the act by its application_name. Threads share it.
 */
final class Elsewhere {
    private static final int MOST_NAMED = 5;
    private static final long LOOK_EVERY_NANOS = 200_000_000L;

    private static final String SERVER_GONE =
            "Its server ended before it did, and it runs no more. Read the state to see what it came to.";

    private static final String SESSION = """
            SELECT pid, extract(epoch FROM clock_timestamp() - query_start)::bigint AS seconds,
                   coalesce(state, 'hidden') AS state, left(query, 300) AS query
              FROM pg_stat_activity
             WHERE application_name = ? AND pid <> pg_backend_pid()
             ORDER BY state IS DISTINCT FROM 'active', query ~ 'pg_try_advisory_lock', pid
             LIMIT 1
            """;

    record Session(int pid, long seconds, String state, String query) {}

    private record Found(Cluster cluster, Session session) {}

    private final Clusters clusters;
    private final Ledger ledger;
    private final Audit audit;
    private final String host;

    Elsewhere(Clusters clusters, Ledger ledger, Audit audit, String host) {
        this.clusters = clusters;
        this.ledger = ledger;
        this.audit = audit;
        this.host = host;
    }

    Followed await(String name, Duration patience, Call call) {
        long until = System.nanoTime() + patience.toNanos();
        Followed now = look(name, call).orElseThrow(() -> notFound(name));
        String told = "";
        while (goesOn(now) && System.nanoTime() < until && !call.cancelled()) {
            if (!now.progress().equals(told)) {
                told = now.progress();
                call.progress((double) now.seconds(), null, told);
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
            now = look(name, call).orElse(gone(now));
        }
        return now;
    }

    /** Whoever lost the name finds it again here. */
    private ToolException notFound(String name) {
        List<String> last = ledger.last(MOST_NAMED).stream()
                .map(one -> one.name() + " (" + one.tool() + " on " + one.cluster() + ", began " + one.began() + ")")
                .toList();
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no operation " + name + ", neither here nor running on a configured cluster.",
                last.isEmpty()
                        ? "No act is on record here; what one changed is seen by reading the state."
                        : "The last acts here: " + String.join(", ", last) + ".");
    }

    private static boolean goesOn(Followed one) {
        return List.of("running", "stopping", "left running").contains(one.state());
    }

    private Optional<Followed> look(String name, Call call) {
        Optional<Kept> kept = ledger.find(name);
        boolean told = kept.isPresent()
                && (kept.get().ended() || kept.get().alive(host).orElse(false));
        if (told && !kept.get().state().equals("unknown")) {
            return Optional.of(
                    followed(kept.get(), kept.get().state(), kept.get().progress()));
        }
        Optional<Found> found = session(name, kept.map(Kept::cluster), call);
        if (found.isPresent()) {
            return Optional.of(leftRunning(name, kept.map(Kept::tool).orElse("an act of another server"), found.get()));
        }
        return kept.map(one -> followed(one, "unknown", one.ended() ? one.progress() : SERVER_GONE));
    }

    /** An act whose connection broke may go on without it. */
    Followed asInDatabase(Followed unknown, Call call) {
        return session(unknown.operation(), Optional.of(unknown.cluster()), call)
                .map(found -> leftRunning(unknown.operation(), unknown.tool(), found))
                .orElse(unknown);
    }

    /** A session that was found by its name alone and is there no more. */
    private static Followed gone(Followed last) {
        return new Followed(
                last.operation(),
                last.tool(),
                last.cluster(),
                "unknown",
                last.seconds(),
                SERVER_GONE,
                Optional.empty());
    }

    private static Followed followed(Kept kept, String state, String progress) {
        return new Followed(
                kept.name(),
                kept.tool(),
                kept.cluster(),
                state,
                Math.max(0, Duration.between(kept.began(), kept.written()).toSeconds()),
                progress,
                kept.outcome());
    }

    private static Followed leftRunning(String name, String tool, Found found) {
        Session session = found.session();
        return new Followed(
                name,
                tool,
                found.cluster().name(),
                "left running",
                session.seconds(),
                "Session " + session.pid() + " is " + session.state() + ": "
                        + found.cluster().shown(session.query()),
                Optional.empty());
    }

    /** A cluster that cannot be asked is skipped only when another one has the answer. */
    private Optional<Found> session(String name, Optional<String> only, Call call) {
        ToolException unasked = null;
        for (Cluster cluster : clusters.all()) {
            if (only.isPresent() && !only.get().equals(cluster.name())) {
                continue;
            }
            try {
                Optional<Session> session =
                        cluster.reservedSql(call).ifAny(Session.class, SESSION, "pgcluster-mcp act " + name);
                if (session.isPresent()) {
                    return session.map(one -> new Found(cluster, one));
                }
            } catch (ToolException e) {
                unasked = e;
            }
        }
        if (unasked != null) {
            throw unasked;
        }
        return Optional.empty();
    }

    /** Asks the process that runs it; where that is gone, the database. */
    Followed cancel(String name, Duration patience, Call call) {
        Followed now = look(name, call).orElseThrow(() -> notFound(name));
        if (!goesOn(now)) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Operation " + name + " has ended already.",
                    "operation_status tells how.");
        }
        if (now.state().equals("left running")) {
            stopInDatabase(now, call);
        } else {
            ledger.askToStop(name);
        }
        return await(name, patience, call);
    }

    private void stopInDatabase(Followed left, Call call) {
        Cluster cluster = clusters.choose(Optional.of(left.cluster()), true);
        if (!cluster.actsRun()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "The server that began operation " + left.operation() + " is gone, and this one only reads.",
                    "A person can stop it by hand: " + left.progress());
        }
        var entry = audit.entry(
                "", "operation_cancel", cluster.name(), JsonText.write(Map.of("operation", left.operation())));
        entry.step(1, 1, "cancel what " + left.operation() + " left running: " + left.progress());
        boolean stopped = cluster.acting().stopLeftRunning(left.operation(), call);
        entry.outcome(stopped ? "done" : "failed", stopped ? "asked to stop" : "it had ended", "{}");
        if (!stopped) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Operation " + left.operation() + " has just ended.",
                    "Read the state to see what it came to.");
        }
    }
}
