package org.pgcluster.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.pgcluster.call.Call;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.AdvisoryLock;
import org.pgcluster.postgres.Target;

/** The tier of acts of one estate: its connections, the lock that keeps two acts apart, what one left running. Threads share it. */
public final class ActingTier {
    private static final String STOP = """
            SELECT pg_catalog.pg_cancel_backend(pid) AS stopped
              FROM pg_catalog.pg_stat_activity
             WHERE application_name = ? AND pid <> pg_catalog.pg_backend_pid()
            """;

    private final ClusterSettings settings;
    private final Function<Dsn, Target> target;
    private final UnaryOperator<String> shown;

    ActingTier(ClusterSettings settings, Function<Dsn, Target> target, UnaryOperator<String> shown) {
        this.settings = settings;
        this.target = target;
        this.shown = shown;
    }

    /** A connection of the acting tier, for one act. Only who holds an approval may ask for it. */
    public Acting open(Optional<String> database, String auditId, Call call) {
        Dsn dsn = admin();
        return Acting.open(target.apply(Cluster.in(dsn, database.orElse(dsn.database()))), call, auditId);
    }

    private record Stopped(boolean stopped) {}

    /** Asks the server to stop what an act left running whose process is gone. False where nothing runs. */
    public boolean stopLeftRunning(String auditId, Call call) {
        // Named by the very operation, so that whoever looks for it sees who stops it, too.
        try (Acting acting = open(Optional.empty(), auditId, call)) {
            return acting.list(Stopped.class, STOP, "pgcluster-mcp act " + auditId).stream()
                    .anyMatch(Stopped::stopped);
        }
    }

    /** Always in the database that reads use, so that two servers with other admin databases still meet. */
    public AdvisoryLock advisoryLock(String auditId, Call call) {
        Target place =
                target.apply(Cluster.in(admin(), Cluster.coordinator(settings).database()));
        AdvisoryLock lock = AdvisoryLock.tryTake(place, call, auditId, "pgcluster-mcp act")
                .orElseThrow(() -> new ToolException(
                        ErrorCode.CONFLICT,
                        "Another act runs on " + settings.name() + ", perhaps from another host.",
                        "active_queries shows sessions named pgcluster-mcp act; try again when it has ended."));
        try {
            requireNoneLeft(lock);
            return lock;
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Looks for a second, since a session that has just ended is still listed for a moment. */
    private void requireNoneLeft(AdvisoryLock lock) {
        Optional<AdvisoryLock.Other> other = lock.stillRunning();
        for (int look = 0; look < 5 && other.isPresent(); look++) {
            LockSupport.parkNanos(200_000_000);
            other = lock.stillRunning();
        }
        other.ifPresent(left -> {
            throw new ToolException(
                    ErrorCode.CONFLICT,
                    "An act whose server is gone still runs on " + settings.name() + ": operation " + left.act()
                            + ", session " + left.pid() + ", " + left.state() + ": " + shown.apply(left.query()),
                    "operation_status follows it and operation_cancel stops it; try again when it has ended.");
        });
    }

    /** What an approval is bound to: where acts go. It is known even when nothing answers. */
    public String identity() {
        return settings.admin()
                .or(settings::coordinator)
                .map(dsn -> settings.name() + " at " + dsn.hosts() + "/" + dsn.database() + " as "
                        + dsn.user().orElse(""))
                .orElseGet(this::withoutDatabase);
    }

    private String withoutDatabase() {
        List<Object> places = new ArrayList<>(settings.patroniUrls());
        places.addAll(settings.haproxyUrls());
        settings.pgbouncers().forEach(dsn -> places.add(dsn.hosts()));
        return settings.name() + " at " + places;
    }

    private Dsn admin() {
        return settings.admin()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        settings.name() + " has no admin_dsn, so nothing can act on it.",
                        "Write admin_dsn, even where it equals coordinator_dsn."));
    }
}
