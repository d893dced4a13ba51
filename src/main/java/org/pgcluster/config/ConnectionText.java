package org.pgcluster.config;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads every spelling of a connection into libpq's keywords (host, port, dbname, user, password, sslmode …), so that
 * defaults, overrides and inheritance are one map laid over another. Its complaints never repeat what could be part of a
 * password.
 */
final class ConnectionText {
    private static final String TAKES =
            "takes a postgres:// URL, a libpq keyword string (host=… dbname=…) or a jdbc:postgresql: URL";

    private ConnectionText() {}

    static Map<String, String> read(String text) throws Unreadable {
        var trimmed = text.strip();
        Map<String, String> found;
        if (trimmed.startsWith("postgres://")) {
            found = url(trimmed.substring("postgres://".length()), false);
        } else if (trimmed.startsWith("postgresql://")) {
            found = url(trimmed.substring("postgresql://".length()), false);
        } else if (trimmed.startsWith("jdbc:")) {
            found = jdbc(trimmed);
        } else if (trimmed.indexOf('=') > 0 && !schemeComesFirst(trimmed)) {
            found = keywords(trimmed);
        } else {
            throw new Unreadable(TAKES);
        }
        ConnectionParameters.check(found);
        return found;
    }

    private static boolean schemeComesFirst(String text) {
        int scheme = text.indexOf("://");
        return scheme > 0 && scheme < text.indexOf('=');
    }

    private static Map<String, String> jdbc(String text) throws Unreadable {
        var prefix = "jdbc:postgresql:";
        if (!text.startsWith(prefix)) {
            throw new Unreadable(TAKES);
        }
        var rest = text.substring(prefix.length());
        return rest.startsWith("//") ? url(rest.substring(2), true) : url("/".concat(rest), true);
    }

    private static Map<String, String> url(String rest, boolean jdbc) throws Unreadable {
        var found = new LinkedHashMap<String, String>();
        int query = rest.indexOf('?');
        var before = query < 0 ? rest : rest.substring(0, query);
        int slash = before.indexOf('/');
        var authority = slash < 0 ? before : before.substring(0, slash);
        if (before.indexOf('@', authority.length()) >= 0 || (query >= 0 && rest.indexOf('@', query) >= 0)) {
            throw new Unreadable("has an @ after the hosts: in a password, write / as %2F, ? as %3F and @ as %40");
        }
        int at = authority.lastIndexOf('@');
        if (at >= 0) {
            credentials(authority.substring(0, at), found);
        }
        hosts(authority.substring(at + 1), found);
        if (slash >= 0 && slash + 1 < before.length()) {
            found.put("dbname", decoded(before.substring(slash + 1)));
        }
        if (query >= 0) {
            query(rest.substring(query + 1), jdbc, found);
        }
        return found;
    }

    private static void credentials(String text, Map<String, String> found) throws Unreadable {
        int colon = text.indexOf(':');
        var user = decoded(colon < 0 ? text : text.substring(0, colon));
        if (!user.isEmpty()) {
            found.put("user", user);
        }
        if (colon >= 0 && colon + 1 < text.length()) {
            found.put("password", decoded(text.substring(colon + 1)));
        }
    }

    private static void hosts(String text, Map<String, String> found) throws Unreadable {
        if (text.isEmpty()) {
            return;
        }
        var hosts = new StringBuilder();
        var ports = new StringBuilder();
        boolean anyPort = false;
        for (var part : split(text, ',')) {
            int end = part.startsWith("[") ? part.indexOf(']') + 1 : part.lastIndexOf(':');
            if (part.startsWith("[") && (end == 0 || (end < part.length() && part.charAt(end) != ':'))) {
                throw new Unreadable("has an IPv6 address without its closing bracket: [::1]:5432");
            }
            if (!part.startsWith("[") && end >= 0 && part.indexOf(':') != end) {
                throw new Unreadable("has a host with several colons: an IPv6 address stands in brackets, [::1]:5432");
            }
            var host = end < 0 ? part : part.substring(0, end);
            var port = end < 0 || end >= part.length() ? "" : part.substring(end + 1);
            if (host.startsWith("[")) {
                host = host.substring(1, host.length() - 1);
            }
            separate(hosts).append(decoded(host));
            separate(ports).append(port);
            anyPort |= !port.isEmpty();
        }
        var all = hosts.substring(1);
        if (!all.isEmpty()) {
            found.put("host", all);
        }
        if (anyPort) {
            found.put("port", ports.substring(1));
        }
    }

    private static StringBuilder separate(StringBuilder list) {
        return list.append(',');
    }

    private static void query(String text, boolean jdbc, Map<String, String> found) throws Unreadable {
        for (var part : split(text, '&')) {
            if (part.isEmpty()) {
                continue;
            }
            int equals = part.indexOf('=');
            if (equals <= 0) {
                throw new Unreadable("has a parameter without = after the question mark");
            }
            var name = decoded(part.substring(0, equals));
            var value = decoded(part.substring(equals + 1));
            if (jdbc) {
                JdbcParameters.add(name, value, found);
            } else {
                ConnectionParameters.add(name, value, found);
            }
        }
    }

    private static Map<String, String> keywords(String text) throws Unreadable {
        var found = new LinkedHashMap<String, String>();
        int i = 0;
        while (true) {
            while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
                i++;
            }
            if (i >= text.length()) {
                return found;
            }
            int equals = text.indexOf('=', i);
            var name = equals < 0 ? "" : text.substring(i, equals).strip();
            if (name.isEmpty() || name.indexOf(' ') >= 0) {
                throw new Unreadable("has a word without =; a value with spaces stands in single quotes");
            }
            i = equals + 1;
            while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
                i++;
            }
            var value = new StringBuilder();
            i = keywordValue(text, i, value);
            ConnectionParameters.add(name, value.toString(), found);
        }
    }

    private static int keywordValue(String text, int start, StringBuilder value) throws Unreadable {
        int i = start;
        boolean quoted = i < text.length() && text.charAt(i) == '\'';
        if (quoted) {
            i++;
        }
        while (i < text.length()) {
            char c = text.charAt(i);
            if (quoted ? c == '\'' : Character.isWhitespace(c)) {
                return i + 1;
            }
            if (c == '\\' && i + 1 < text.length()) {
                i++;
                c = text.charAt(i);
            }
            value.append(c);
            i++;
        }
        if (quoted) {
            throw new Unreadable("has a single quote that is not closed");
        }
        return i;
    }

    static String decoded(String text) throws Unreadable {
        if (text.indexOf('%') < 0) {
            return text;
        }
        var source = text.getBytes(StandardCharsets.UTF_8);
        var bytes = new byte[source.length];
        int length = 0;
        for (int i = 0; i < source.length; i++) {
            if (source[i] != '%') {
                bytes[length++] = source[i];
                continue;
            }
            int high = i + 2 < source.length ? Character.digit(source[i + 1], 16) : -1;
            int low = i + 2 < source.length ? Character.digit(source[i + 2], 16) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                throw new Unreadable("has a % that two hexadecimal digits must follow; a % itself is %25");
            }
            bytes[length++] = (byte) (high * 16 + low);
            i += 2;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    static List<String> split(String text, char separator) {
        var parts = new ArrayList<String>();
        int from = 0;
        for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + 1;
        }
        parts.add(text.substring(from));
        return parts;
    }

    /** What is left out becomes libpq's default: localhost, 5432, the database named like the user. */
    static Dsn dsn(Map<String, String> keywords, int defaultPort) throws Unreadable {
        var parameters = new LinkedHashMap<>(keywords);
        var host = parameters.remove("host");
        if (host == null) {
            host = parameters.get("hostaddr");
        }
        var port = parameters.remove("port");
        var user = parameters.remove("user");
        var database = parameters.remove("dbname");
        var password = parameters.remove("password");
        parameters.remove("passfile");
        parameters.remove("service");
        parameters.remove("servicefile");
        return new Dsn(
                addresses(host == null ? "localhost" : host, port, defaultPort),
                database != null ? database : user != null ? user : "postgres",
                Optional.ofNullable(user),
                password == null ? Optional.empty() : Optional.of(new Secret(password)),
                parameters);
    }

    static List<Address> addresses(String host, @Nullable String port, int defaultPort) throws Unreadable {
        var hosts = split(host, ',');
        var ports = port == null ? List.of("") : split(port, ',');
        if (ports.size() != 1 && ports.size() != hosts.size()) {
            throw new Unreadable("has " + ports.size() + " ports for " + hosts.size() + " hosts");
        }
        var addresses = new ArrayList<Address>();
        for (int i = 0; i < hosts.size(); i++) {
            var one = hosts.get(i).strip();
            addresses.add(new Address(
                    one.isEmpty() ? "localhost" : one,
                    port(ports.get(ports.size() == 1 ? 0 : i).strip(), defaultPort)));
        }
        return addresses;
    }

    /** The text is not repeated: behind an unescaped character of a password, it could be a part of it. */
    private static int port(String text, int defaultPort) throws Unreadable {
        if (text.isEmpty()) {
            return defaultPort;
        }
        int number = Numbers.whole(text);
        if (number < 1 || number > 65535) {
            throw new Unreadable("has a port that is no number from 1 to 65535; in a password, write : as %3A, / as %2F"
                    + " and @ as %40");
        }
        return number;
    }
}
