package org.pgcluster.config;

/** Shows a secret value without its secret: the password in a connection, or all of it. */
final class Shown {
    static final String DOTS = "••••";

    private Shown() {}

    static String cut(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60).concat("…");
    }

    static String shown(Key<?> key, String text) {
        if (key.form() == Key.Form.DSN || key.form() == Key.Form.DSNS) {
            return connection(text);
        }
        return key.form() == Key.Form.URLS ? url(text) : DOTS;
    }

    /** A spelling that is not certain to hold its password in the known place is not shown at all. */
    private static String connection(String text) {
        boolean url = text.startsWith("postgres://") || text.startsWith("postgresql://");
        if (url && text.indexOf('?') < 0) {
            return url(text);
        }
        try {
            return spelled(ConnectionText.dsn(ConnectionText.read(text), 5432));
        } catch (Unreadable wrong) {
            // The complaint is told where the value is read; here only its look counts.
            return DOTS;
        }
    }

    static String spelled(Dsn dsn) {
        var shown = new StringBuilder("postgres://");
        if (dsn.user().isPresent()) {
            shown.append(dsn.user().get());
            shown.append(dsn.password().isPresent() ? ":".concat(DOTS) : "").append('@');
        }
        for (int i = 0; i < dsn.hosts().size(); i++) {
            shown.append(i == 0 ? "" : ",").append(dsn.hosts().get(i).toString());
        }
        shown.append('/').append(dsn.database());
        char separator = '?';
        for (var name : new java.util.TreeSet<>(dsn.parameters().keySet())) {
            boolean hidden =
                    name.equals("sslpassword") || name.startsWith("scram_") || name.equals("oauth_client_secret");
            shown.append(separator)
                    .append(name)
                    .append('=')
                    .append(hidden ? DOTS : dsn.parameters().get(name));
            separator = '&';
        }
        return shown.toString();
    }

    /** Everything between the scheme and the last @ may be a user and a password. */
    private static String url(String text) {
        var shown = new StringBuilder();
        int from = 0;
        while (true) {
            int scheme = text.indexOf("://", from);
            if (scheme < 0) {
                return shown.append(text, from, text.length()).toString();
            }
            int next = text.indexOf("://", scheme + 3);
            int end = next < 0 ? text.length() : Math.max(text.lastIndexOf(',', next), scheme + 3);
            int at = text.lastIndexOf('@', end - 1);
            int colon = text.indexOf(':', scheme + 3);
            shown.append(text, from, scheme + 3);
            if (at > scheme && colon > 0 && colon < at) {
                shown.append(text, scheme + 3, colon + 1).append(DOTS).append(text, at, end);
            } else {
                shown.append(text, scheme + 3, end);
            }
            from = end;
        }
    }
}
