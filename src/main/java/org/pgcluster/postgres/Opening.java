package org.pgcluster.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pgcluster.call.Call;
import org.postgresql.util.PSQLState;

/**
 * The first message of a reading transaction: the driver's BEGIN READ ONLY, every setting for the transaction alone and what must be
 * known from the start, in one round trip. Threads share it.
 */
final class Opening {
    /** What decides how a text is understood: the state of the catalogue, and where this session looks for names. */
    private static final String SEEN = "SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text"
            + " OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) pg_catalog.current_setting('search_path'),"
            + " pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid()";

    /** Only where there is a way to use it. */
    private static final String BEGAN = ", (extract(epoch FROM pg_catalog.now()) * 1000000)::pg_catalog.int8";

    private static final String NOTHING_SENT = "";

    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(3);

    /** A person's SQL runs with these alone. A session of its own keeps them, a pooler's gets them with each transaction. */
    private static final String USUAL_HERE = usual(true);

    private static final String USUAL_KEPT = usual(false);

    private final Target target;
    private final boolean wantsPrimary;
    /** Not every platform can watch a socket while it computes; the first refusal settles it. */
    private final AtomicBoolean watchesClients = new AtomicBoolean(true);

    /**
     * What is asked of one transaction beside the usual: for our own queries only the catalogue is searched, and nothing
     * is compiled, which the size of a catalogue never repays. Constants are the same in every snapshot: they need none.
     */
    record Style(String settings, boolean seesData) {
        static final Style CATALOGUE = new Style(set("search_path", "pg_catalog, pg_temp", true) + ours(), true);
        static final Style OPEN = new Style(ours(), true);
        static final Style PERSONAL = new Style("", true);
        static final Style CONSTANTS = new Style("", false);

        private static String ours() {
            return set("IntervalStyle", "iso_8601", true) + set("jit", "off", true);
        }

        /** Both are ours: nothing here is quoted. */
        Style with(String setting, String value) {
            return new Style(settings + set(setting, value, true), seesData);
        }
    }

    Opening(Target target, boolean wantsPrimary) {
        this.target = target;
        this.wantsPrimary = wantsPrimary;
    }

    /** Begins, and answers the snapshot that the transaction's first statement saw: where it is constants, none. */
    String begin(Pool.Lease lease, Call call, Style style) throws SQLException {
        if (!lease.fresh()) {
            // BEGIN waits for no lock: a pooled connection that stays silent is dead, however the network hides it.
            // Half of what is left must do, so that there is time for another one.
            var half = Duration.ofNanos(call.timeLeft().toNanos() / 2);
            lease.hurry(half.compareTo(LONGEST_SILENCE) < 0 ? half : LONGEST_SILENCE);
        }
        var session = lease.session();
        session.began(null);
        if (!session.asked()) {
            watching(session, watched -> session.keep(limits(target.statementTimeout(), watched, false) + USUAL_KEPT));
        }
        if (session.keepsSettings() && !style.seesData && !wantsPrimary && isUsual(limit(call))) {
            return NOTHING_SENT;
        }
        var snapshot = snapshot(session, call, style);
        lease.unhurried();
        return snapshot;
    }

    static boolean nothingSent(String snapshot) {
        return snapshot.equals(NOTHING_SENT);
    }

    private String snapshot(Session session, Call call, Style style) throws SQLException {
        if (session.keepsSettings()) {
            var limits = isUsual(limit(call)) ? "" : limits(limit(call), false, true);
            var begun = send(session, limits + style.settings);
            if (begun.process() == session.process()) {
                return begun.snapshot();
            }
            session.keepsNothing();
            session.connection().rollback();
        }
        return watching(
                session,
                watched -> send(session, limits(limit(call), watched, true) + USUAL_HERE + style.settings)
                        .snapshot());
    }

    private interface Sending<T> {
        T send(boolean watched) throws SQLException;
    }

    /** Asks the server to notice when we are gone; where it cannot, it is not asked again. */
    private <T> T watching(Session session, Sending<T> sending) throws SQLException {
        var connection = session.connection();
        boolean watched = watchesClients.get() && connection.getMetaData().getDatabaseMajorVersion() >= 14;
        try {
            return sending.send(watched);
        } catch (SQLException e) {
            if (!watched || !refusesToWatch(e)) {
                throw e;
            }
            watchesClients.set(false);
            connection.rollback();
            return sending.send(false);
        }
    }

    private static boolean refusesToWatch(SQLException e) {
        return "22023".equals(e.getSQLState()) && String.valueOf(e.getMessage()).contains("client_connection_check");
    }

    /** How long one statement may run, as the server is told. */
    Duration limit(Call call) {
        var left = call.timeLeft();
        return left.compareTo(target.statementTimeout()) < 0 ? left : target.statementTimeout();
    }

    private boolean isUsual(Duration limit) {
        return limit.equals(target.statementTimeout());
    }

    private String limits(Duration statement, boolean watched, boolean local) {
        long limit = Math.max(1, statement.toMillis());
        long lock = Math.min(limit, target.lockTimeout().toMillis());
        return set("statement_timeout", String.valueOf(limit), local)
                + set("lock_timeout", String.valueOf(lock), local)
                + set("idle_in_transaction_session_timeout", String.valueOf(limit + 5000), local)
                + (watched ? set("client_connection_check_interval", "2000", local) : "");
    }

    private static String usual(boolean local) {
        return set("DateStyle", "ISO", local)
                + set("TimeZone", "UTC", local)
                + set("IntervalStyle", "postgres", local)
                + set("extra_float_digits", "3", local)
                + set("bytea_output", "hex", local)
                + set("standard_conforming_strings", "on", local)
                + boundedTempFiles(local);
    }

    /** A function in FROM writes all of its rows to disk first. docs/roles.sql bounds that; superusers are bounded here. */
    private static String boundedTempFiles(boolean local) {
        return ", CASE WHEN pg_catalog.current_setting('is_superuser') = 'on'"
                + " AND pg_catalog.current_setting('temp_file_limit') = '-1' THEN "
                + set("temp_file_limit", "1GB", local).substring(1) + " END";
    }

    private static String set(String setting, String value, boolean local) {
        return ", pg_catalog.set_config('" + setting + "', '" + value + "', " + local + ")";
    }

    private record Begun(String snapshot, int process) {}

    /** One SELECT of set_config is several times cheaper than as many SET LOCAL. */
    private Begun send(Session session, String settings) throws SQLException {
        boolean direct = target.direct().isPresent();
        try (var statement = session.connection().createStatement();
                var result = statement.executeQuery(SEEN + (direct ? BEGAN : "") + settings)) {
            result.next();
            if (wantsPrimary && result.getBoolean(2)) {
                throw new SQLException(
                        target.label() + " is no primary any more", PSQLState.CONNECTION_FAILURE.getState());
            }
            if (direct) {
                session.began(new DirectStop.Begun(result.getInt(3), result.getLong(4)));
            }
            return new Begun(String.valueOf(result.getString(1)), result.getInt(3));
        }
    }
}
