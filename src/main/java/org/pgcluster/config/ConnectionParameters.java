package org.pgcluster.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.shape.Nearest;

/** The parameters that libpq knows, by its names, and what some of them take. */
final class ConnectionParameters {
    private static final Set<String> KNOWN = Set.of(
            "host",
            "hostaddr",
            "port",
            "dbname",
            "user",
            "password",
            "passfile",
            "require_auth",
            "channel_binding",
            "connect_timeout",
            "client_encoding",
            "options",
            "application_name",
            "fallback_application_name",
            "keepalives",
            "keepalives_idle",
            "keepalives_interval",
            "keepalives_count",
            "tcp_user_timeout",
            "replication",
            "gssencmode",
            "sslmode",
            "requiressl",
            "sslnegotiation",
            "sslcompression",
            "sslcert",
            "sslkey",
            "sslkeylogfile",
            "sslpassword",
            "sslcertmode",
            "sslrootcert",
            "sslcrl",
            "sslcrldir",
            "sslsni",
            "requirepeer",
            "ssl_min_protocol_version",
            "ssl_max_protocol_version",
            "min_protocol_version",
            "max_protocol_version",
            "krbsrvname",
            "gsslib",
            "gssdelegation",
            "scram_client_key",
            "scram_server_key",
            "service",
            "servicefile",
            "target_session_attrs",
            "load_balance_hosts",
            "oauth_issuer",
            "oauth_client_id",
            "oauth_client_secret",
            "oauth_scope");
    private static final List<String> SSLMODES =
            List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");
    private static final List<String> SESSIONS =
            List.of("any", "read-write", "read-only", "primary", "standby", "prefer-standby");

    private ConnectionParameters() {}

    static void add(String name, String value, Map<String, String> found) throws Unreadable {
        if (name.equals("ssl")) {
            if (value.equals("true")) {
                found.put("sslmode", "require");
            }
            return;
        }
        if (name.equals("search_path") || name.equals("currentSchema")) {
            searchPath(value, found);
            return;
        }
        if (!KNOWN.contains(name)) {
            throw new Unreadable("has a parameter that libpq does not know" + named(name)
                    + "; libpq's are sslmode, sslrootcert, target_session_attrs, connect_timeout, options and so on");
        }
        if (name.equals("replication")) {
            throw new Unreadable("asks for a replication connection, which runs no statements; leave out replication");
        }
        if (name.equals("options") && found.containsKey("options")) {
            found.put(name, found.get("options").concat(" ").concat(value));
            return;
        }
        // An empty value means the default, in libpq too.
        if (!value.isEmpty()) {
            found.put(name, value);
        }
    }

    /** Other drivers take settings of the session as parameters; libpq has them in options. */
    private static void searchPath(String value, Map<String, String> found) throws Unreadable {
        var escaped = value.replace("\\", "\\\\").replace(" ", "\\ ");
        add("options", "-c search_path=".concat(escaped), found);
    }

    /** What could be the rest of a password is not repeated. */
    private static String named(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
                return "";
            }
        }
        var nearest = Nearest.of(name, KNOWN);
        return nearest == null ? ", `" + name + "`" : ", `" + name + "` (" + nearest + "?)";
    }

    static void check(Map<String, String> found) throws Unreadable {
        oneOf("sslmode", SSLMODES, found);
        oneOf("target_session_attrs", SESSIONS, found);
        oneOf("channel_binding", List.of("disable", "prefer", "require"), found);
        oneOf("gssencmode", List.of("disable", "prefer", "require"), found);
        oneOf("load_balance_hosts", List.of("disable", "random"), found);
        oneOf("sslnegotiation", List.of("postgres", "direct"), found);
        var timeout = found.get("connect_timeout");
        if (timeout != null && Numbers.whole(timeout) < 0) {
            throw new Unreadable("has a connect_timeout that is no whole number of seconds");
        }
        ConnectionText.addresses(found.getOrDefault("host", "localhost"), found.get("port"), 5432);
    }

    private static void oneOf(String name, List<String> words, Map<String, String> found) throws Unreadable {
        var value = found.get(name);
        if (value != null && !words.contains(value)) {
            throw new Unreadable("has a wrong " + name + ": it takes " + String.join(", ", words));
        }
    }
}
