package org.pgcluster.postgres;

import java.sql.Connection;
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
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(3);

    private static final String SAME_TEXT_EVERYWHERE = local("DateStyle", "ISO")
            + local("TimeZone", "UTC")
            + local("extra_float_digits", "3")
            + local("bytea_output", "hex");

    private final Target target;
    private final boolean wantsPrimary;
    /** Not every platform can watch a socket while it computes; the first refusal settles it. */
    private final AtomicBoolean watchesClients = new AtomicBoolean(true);

    /**
     * What is asked of one transaction: for our own queries only the catalogue is searched, and nothing is compiled,
     * which the size of a catalogue never repays.
     */
    enum Style {
        CATALOGUE(
                local("search_path", "pg_catalog, pg_temp") + local("IntervalStyle", "iso_8601") + local("jit", "off")),
        OPEN(local("IntervalStyle", "iso_8601") + local("jit", "off")),
        PERSONAL(local("IntervalStyle", "postgres") + local("standard_conforming_strings", "on"));

        private final String settings;

        Style(String settings) {
            this.settings = settings;
        }
    }

    Opening(Target target, boolean wantsPrimary) {
        this.target = target;
        this.wantsPrimary = wantsPrimary;
    }

    /** Begins, and answers the snapshot that the transaction's first statement saw. */
    String begin(Pool.Lease lease, Call call, Style style) throws SQLException {
        if (lease.fresh()) {
            return beginOn(lease.connection(), call, style);
        }
        // BEGIN waits for no lock: a pooled connection that stays silent is dead, however the network hides it.
        // Half of what is left must do, so that there is time for another one.
        long patience = Math.min(LONGEST_SILENCE.toMillis(), call.timeLeft().toMillis() / 2);
        lease.connection().setNetworkTimeout(Runnable::run, (int) Math.max(1, patience));
        var snapshot = beginOn(lease.connection(), call, style);
        lease.connection().setNetworkTimeout(Runnable::run, 0);
        return snapshot;
    }

    private String beginOn(Connection connection, Call call, Style style) throws SQLException {
        boolean watching = watchesClients.get() && connection.getMetaData().getDatabaseMajorVersion() >= 14;
        try {
            return send(connection, message(call, style, watching));
        } catch (SQLException e) {
            if (!watching || !refusesToWatch(e)) {
                throw e;
            }
            watchesClients.set(false);
            connection.rollback();
            return send(connection, message(call, style, false));
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

    private String message(Call call, Style style, boolean watching) {
        long limit = Math.max(1, limit(call).toMillis());
        // One SELECT of set_config is several times cheaper than as many SET LOCAL.
        return "SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text, pg_catalog.pg_is_in_recovery()"
                + local("statement_timeout", String.valueOf(limit))
                + local(
                        "lock_timeout",
                        String.valueOf(Math.min(limit, target.lockTimeout().toMillis())))
                + local("idle_in_transaction_session_timeout", String.valueOf(limit + 5000))
                + (watching ? local("client_connection_check_interval", "2000") : "")
                + SAME_TEXT_EVERYWHERE
                + style.settings;
    }

    private static String local(String setting, String value) {
        return ", pg_catalog.set_config('" + setting + "', '" + value + "', true)";
    }

    private String send(Connection connection, String message) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(message)) {
            result.next();
            if (wantsPrimary && result.getBoolean(2)) {
                throw new SQLException(
                        target.label() + " is no primary any more", PSQLState.CONNECTION_FAILURE.getState());
            }
            return String.valueOf(result.getString(1));
        }
    }
}
