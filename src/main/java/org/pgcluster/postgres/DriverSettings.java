package org.pgcluster.postgres;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** What libpq's words mean to the driver. Immutable. */
record DriverSettings(String url, Properties properties, int hosts) {
    /** A value beyond this is refused by the driver instead of filling the memory. */
    static final String LARGEST_RESULT = "32M";

    private static final String NO_CLEAR_TEXT = "!password";
    private static final Set<String> UNENCRYPTED = Set.of("disable", "allow", "prefer");

    private static final Map<String, String> SAME_MEANING = Map.ofEntries(
            Map.entry("sslcert", "sslcert"),
            Map.entry("sslkey", "sslkey"),
            Map.entry("sslpassword", "sslpassword"),
            Map.entry("options", "options"),
            Map.entry("channel_binding", "channelBinding"),
            Map.entry("gssencmode", "gssEncMode"),
            Map.entry("krbsrvname", "kerberosServerName"),
            Map.entry("sslnegotiation", "sslNegotiation"),
            Map.entry("require_auth", "requireAuth"));
    private static final Map<String, String> SESSION_ATTRIBUTES = Map.of(
            "any", "any",
            "read-write", "primary",
            "primary", "primary",
            "read-only", "secondary",
            "standby", "secondary",
            "prefer-standby", "preferSecondary");
    private static final Set<String> PROMISES_NOT_KEPT =
            Set.of("sslcrl", "sslcrldir", "requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version");

    /** The driver writes some failures to stderr by itself; each is told by an error as well. Held, else it is forgotten. */
    private static final Logger DRIVERS_OWN_LOG = Logger.getLogger("org.postgresql");

    static DriverSettings of(Target target) {
        DRIVERS_OWN_LOG.setLevel(Level.OFF);
        var dsn = target.dsn();
        refuseWhatCannotBeKept(target);
        var properties = new Properties();
        dsn.user().ifPresent(user -> properties.setProperty("user", user));
        dsn.password().ifPresent(password -> properties.setProperty("password", password.reveal()));
        SAME_MEANING.forEach((libpq, driver) -> {
            var value = dsn.parameters().get(libpq);
            if (value != null) {
                properties.setProperty(driver, value);
            }
        });
        properties.setProperty("ApplicationName", target.applicationName());
        properties.setProperty("targetServerType", serverType(target));
        properties.setProperty(
                "loadBalanceHosts",
                String.valueOf("random".equals(dsn.parameters().get("load_balance_hosts"))));
        recognisePrimaryByRecovery(properties);
        encrypt(dsn, properties);
        keepPasswordOffTheWire(target, properties);
        timeOut(target.connectTimeout(), properties);
        behave(properties);
        return new DriverSettings(
                url(target, properties), properties, dsn.hosts().size());
    }

    private static void refuseWhatCannotBeKept(Target target) {
        for (var parameter : PROMISES_NOT_KEPT) {
            if (target.dsn().parameters().containsKey(parameter)) {
                throw new ToolException(
                        ErrorCode.UNSUPPORTED,
                        "The connection parameter " + parameter + " of " + target.label() + " cannot be honoured.",
                        "Take it out of the connection string, or enforce it on the server.");
            }
        }
    }

    /**
     * Connects within the time left, shared by the hosts. Each answer of the login has that limit, too: a server that
     * accepts connections and never says a word would hold the call for ever. Where both with and without TLS will do,
     * the driver tries a silent host with either. All of that it counts in whole seconds, so the login as a whole is
     * limited beside: it is given up at the deadline, and ends on a thread of the driver.
     */
    Connection connect(Duration timeLeft) throws SQLException {
        long share =
                Math.min(1000 * Long.parseLong(properties.getProperty("connectTimeout")), timeLeft.toMillis() / hosts);
        boolean either = Set.of("allow", "prefer").contains(properties.getProperty("sslmode"));
        long forTls = either ? share / 3 : share;
        var seconds = String.valueOf(Math.max(1, (either ? share - forTls : share) / 1000));
        var limited = new Properties();
        limited.putAll(properties);
        limited.setProperty("connectTimeout", seconds);
        limited.setProperty("socketTimeout", seconds);
        limited.setProperty("sslResponseTimeout", String.valueOf(Math.max(100, forTls)));
        limited.setProperty("loginTimeout", String.valueOf(Math.max(1, timeLeft.toMillis()) / 1000.0));
        var connection = DriverManager.getConnection(url, limited);
        connection.setNetworkTimeout(Runnable::run, 0);
        return connection;
    }

    boolean wantsPrimary() {
        return "primary".equals(properties.getProperty("targetServerType"));
    }

    private static String serverType(Target target) {
        var wanted = target.dsn().parameters().getOrDefault("target_session_attrs", "any");
        var type = SESSION_ATTRIBUTES.get(wanted);
        if (type == null) {
            throw ToolException.invalidInput(
                    "target_session_attrs of " + target.label() + " is " + wanted + ".",
                    "It takes any, read-write, read-only, primary, standby or prefer-standby.");
        }
        return type;
    }

    /**
     * The driver takes a session that begins read-only for one on a standby, and docs/roles.sql makes the reader's begin so.
     * Every transaction says READ ONLY itself.
     */
    private static void recognisePrimaryByRecovery(Properties properties) {
        if (!"any".equals(properties.getProperty("targetServerType"))) {
            properties.merge("options", "-c default_transaction_read_only=off", (own, ours) -> own + " " + ours);
        }
    }

    /** As in libpq, {@code require} verifies the certificate as soon as there is an authority to verify it with. */
    private static void encrypt(Dsn dsn, Properties properties) {
        var authority = dsn.parameters().get("sslrootcert");
        var mode = dsn.parameters().getOrDefault("sslmode", "prefer");
        if ("system".equals(authority)) {
            properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
            mode = "verify-full";
        } else if (authority != null) {
            properties.setProperty("sslrootcert", authority);
        }
        if ("require".equals(mode) && (authority != null || Files.exists(libpqAuthority()))) {
            mode = "verify-ca";
        }
        properties.setProperty("sslmode", mode);
    }

    /** A server, or who poses as one, may ask for the password itself; without TLS everybody on the way would read it. */
    private static void keepPasswordOffTheWire(Target target, Properties properties) {
        boolean certainlyEncrypted = !UNENCRYPTED.contains(properties.getProperty("sslmode"));
        if (target.allowPlaintext() || certainlyEncrypted || target.dsn().remoteHost() == null) {
            return;
        }
        properties.putIfAbsent("requireAuth", NO_CLEAR_TEXT);
    }

    boolean refusesClearText() {
        return NO_CLEAR_TEXT.equals(properties.getProperty("requireAuth"));
    }

    private static Path libpqAuthority() {
        return Path.of(System.getProperty("user.home", ""), ".postgresql", "root.crt");
    }

    private static void timeOut(Duration connectTimeout, Properties properties) {
        properties.setProperty("connectTimeout", String.valueOf(Math.max(1, connectTimeout.toSeconds())));
        properties.setProperty("cancelSignalTimeout", "2");
        properties.setProperty("tcpKeepAlive", "true");
        // What a host was ten seconds ago says nothing after a failover.
        properties.setProperty("hostRecheckSeconds", "0");
    }

    private static void behave(Properties properties) {
        properties.setProperty("prepareThreshold", "0");
        properties.setProperty("binaryTransfer", "false");
        properties.setProperty("stringtype", "unspecified");
        properties.setProperty("maxResultBuffer", LARGEST_RESULT);
        properties.setProperty("databaseMetadataCacheFields", "0");
    }

    private static String url(Target target, Properties properties) {
        var hosts = target.dsn().hosts();
        var socket = hosts.stream().filter(host -> host.host().startsWith("/")).findFirst();
        if (socket.isPresent()) {
            if (hosts.size() > 1) {
                throw new ToolException(
                        ErrorCode.UNSUPPORTED,
                        "A Unix socket of " + target.label() + " stands in a list of several hosts.",
                        "Name the socket alone, or only TCP addresses.");
            }
            properties.setProperty("socketFactory", UnixSockets.class.getName());
            properties.setProperty(
                    "socketFactoryArg", UnixSockets.path(socket.get()).toString());
            properties.setProperty("sslmode", "disable");
        }
        var addresses = hosts.stream()
                .map(host -> host.host().startsWith("/") ? new Address("localhost", host.port()) : host)
                .map(Address::toString)
                .collect(Collectors.joining(","));
        return "jdbc:postgresql://" + addresses + "/"
                + URLEncoder.encode(target.dsn().database(), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return url;
    }
}
