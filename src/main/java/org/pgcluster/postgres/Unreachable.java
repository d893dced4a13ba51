package org.pgcluster.postgres;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;

/** Why a connection could not be made, in one sentence, and what cures it. */
record Unreachable(ErrorCode code, String text, String hint) {
    private static final String DOWN = "Check host and port, that PostgreSQL runs there, and its listen_addresses.";

    /** Empty where the connection had been made, or where the server's own words say more. */
    static Optional<Unreachable> of(SQLException e, Target target) {
        var state = String.valueOf(e.getSQLState());
        var said = String.valueOf(e.getMessage());
        return Optional.ofNullable(
                switch (state) {
                    case "28P01" ->
                        refused(
                                target,
                                "refused the password" + user(target) + ".",
                                "Correct it in the connection string, in PGPASSWORD or in ~/.pgpass.");
                    case "28000" -> notAdmitted(target, said);
                    case "3D000" ->
                        new Unreachable(
                                ErrorCode.NOT_FOUND,
                                target.label() + " has no database \""
                                        + target.dsn().database() + "\".",
                                "Correct its name in the connection string or in `database`.");
                    case "53300" ->
                        failed(
                                target,
                                "has no connection free: " + ServerTexts.masked(said.replaceFirst("^FATAL: ", ""))
                                        + ".",
                                "See active_queries for who holds them, raise max_connections, or lower pool_size.");
                    case "57P03" ->
                        failed(target, "is starting, stopping or recovering.", "Repeat the call in a moment.");
                    case "08001", "08004", "08006" -> byDriver(e, target, said);
                    default -> null;
                });
    }

    private static Unreachable notAdmitted(Target target, String said) {
        if (said.contains("valid client certificate")) {
            return refused(
                    target,
                    "wants a client certificate" + user(target) + ".",
                    "Name it in sslcert and its key in sslkey, and connect with sslmode=require or stricter.");
        }
        if (!said.contains("pg_hba.conf")) {
            return refused(
                    target,
                    "does not let anybody in as" + user(target).replaceFirst("^ of", "") + ": "
                            + ServerTexts.masked(said.replaceFirst("^FATAL: ", "")) + ".",
                    "Check that the role exists and may log in: ALTER ROLE … LOGIN.");
        }
        boolean open = said.contains("no encryption") || said.contains("SSL off");
        if (said.contains("rejects")) {
            return refused(
                    target,
                    "rejects" + user(target).replaceFirst("^ of", "") + " by a line of pg_hba.conf.",
                    "pg_hba_file_rules there shows the lines in their order; the first that fits counts.");
        }
        return refused(
                target,
                "has no entry in pg_hba.conf" + user(target) + (open ? " without encryption." : "."),
                "Add a line for this user, database and address to pg_hba.conf and reload"
                        + (open ? ", or connect with sslmode=require." : "."));
    }

    private static @Nullable Unreachable byDriver(SQLException e, Target target, String said) {
        if (said.contains("targetServerType")) {
            return failed(
                    target,
                    "has no server that target_session_attrs accepts: none is up as what was asked for.",
                    "A failover may be under way: repeat in a moment, or see cluster_health.");
        }
        var tls = TlsFault.of(e, target, said);
        if (tls != null) {
            return tls;
        }
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            var known = byCause(cause, target, "08001".equals(e.getSQLState()));
            if (known != null) {
                return known;
            }
        }
        return "08004".equals(e.getSQLState()) ? byLogin(target) : null;
    }

    private static @Nullable Unreachable byCause(Throwable cause, Target target, boolean loggingIn) {
        if (cause instanceof UnknownHostException) {
            return failed(
                    target,
                    "has a host name that this machine cannot resolve.",
                    "Check the spelling in the connection string and this machine's DNS.");
        }
        if (cause instanceof ConnectException) {
            return failed(target, "refused the connection: nothing listens there.", DOWN);
        }
        if (cause instanceof SocketTimeoutException && loggingIn) {
            return silent(target, isConnecting(cause));
        }
        if (loggingIn && (cause instanceof EOFException || cause instanceof SocketException)) {
            return failed(
                    target,
                    "took the connection and closed it at once.",
                    "A proxy such as HAProxy does that while no server behind it is up, as in a failover: repeat in a"
                            + " moment, or see cluster_health.");
        }
        if (cause instanceof NoSuchFileException) {
            return failed(target, "has no Unix socket there.", DOWN);
        }
        return null;
    }

    private static Unreachable silent(Target target, boolean connecting) {
        return connecting
                ? failed(
                        target,
                        "did not answer the attempt to connect.",
                        "A firewall may swallow the packets: check host, port and route.")
                : failed(
                        target,
                        "took the connection and then said nothing.",
                        "The server, or a proxy in front of it, hangs; or what listens there is no PostgreSQL.");
    }

    private static boolean isConnecting(Throwable cause) {
        return String.valueOf(cause.getMessage())
                .toLowerCase(java.util.Locale.ROOT)
                .contains("connect");
    }

    /** The driver left during the login; what it said depends on the locale of this machine. */
    private static @Nullable Unreachable byLogin(Target target) {
        if (target.dsn().password().isEmpty()) {
            return refused(
                    target,
                    "asks for a password" + user(target) + ", and none is configured.",
                    "Put it in ~/.pgpass or PGPASSWORD, or name a password file in the settings.");
        }
        if (DriverSettings.of(target).refusesClearText()) {
            return refused(
                    target,
                    "asked for the password in clear text over a connection that may be read on its way.",
                    "Use scram-sha-256 in pg_hba.conf, connect with sslmode=require or stricter,"
                            + " or set allow_plaintext: true.");
        }
        return null;
    }

    private static String user(Target target) {
        return target.dsn().user().map(user -> " of user \"" + user + "\"").orElse("");
    }

    static Unreachable failed(Target target, String what, String hint) {
        return new Unreachable(ErrorCode.CONNECTION_FAILED, target.label() + " " + what, hint);
    }

    private static Unreachable refused(Target target, String what, String hint) {
        return new Unreachable(ErrorCode.PERMISSION_DENIED, target.label() + " " + what, hint);
    }
}
