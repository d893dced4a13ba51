package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The URLs of Patroni or HAProxy with their user and password, which are taken out of the URLs. */
final class Endpoints {
    private final Key<String> urlsKey;
    private final Key<String> userKey;
    private final Key<String> passwordKey;
    private final Values values;
    private final boolean plaintext;

    private final List<String> urls = new ArrayList<>();
    private Optional<String> user = Optional.empty();
    private Optional<Secret> password = Optional.empty();

    Endpoints(Key<String> urlsKey, Key<String> userKey, Key<String> passwordKey, Values values, boolean plaintext) {
        this.urlsKey = urlsKey;
        this.userKey = userKey;
        this.passwordKey = passwordKey;
        this.values = values;
        this.plaintext = plaintext;
    }

    List<String> urls() {
        return urls;
    }

    Optional<String> user() {
        return user;
    }

    Optional<Secret> password() {
        return password;
    }

    void read() {
        user = Optional.ofNullable(values.text(userKey));
        var text = values.text(passwordKey);
        password = text == null ? Optional.empty() : Optional.of(new Secret(text));
        var given = values.given(urlsKey);
        boolean planted = given != null && given.planted();
        var written = values.given(passwordKey);
        if (planted && written != null && !written.planted()) {
            values.problem(
                    urlsKey,
                    urlsKey.name() + " stands in a file of the working directory, and " + passwordKey.name() + " ("
                            + written.source()
                            + ") is not sent to an address that such a file names; pass the file by --config"
                            + " if it is yours.");
            password = Optional.empty();
        }
        for (var url : values.list(urlsKey, ", \t")) {
            if (isValid(url, planted)) {
                take(url);
            }
        }
        judgePlaintext();
    }

    private boolean isValid(String url, boolean planted) {
        boolean http = url.startsWith("http://") || url.startsWith("https://");
        boolean socket = urlsKey.equals(Keys.HAPROXY_URLS) && (url.startsWith("unix:/") || url.startsWith("tcp:"));
        if (!http && !socket) {
            values.problem(
                    urlsKey,
                    urlsKey.name() + " takes http:// or https:// URLs"
                            + (urlsKey.equals(Keys.HAPROXY_URLS) ? ", unix:/path or tcp:host:port." : "."));
            return false;
        }
        if (planted && url.startsWith("unix:")) {
            values.problem(
                    urlsKey,
                    urlsKey.name()
                            + " in a file of the working directory may not use unix:; pass the file by --config if it is"
                            + " yours.");
            return false;
        }
        if (Hosts.ofUrl(url).isEmpty() || !hasPort(url)) {
            values.problem(
                    urlsKey, urlsKey.name() + " has a URL without a host or with a port that is none from 1 to 65535.");
            return false;
        }
        return true;
    }

    private static boolean hasPort(String url) {
        if (url.startsWith("unix:")) {
            return true;
        }
        var host = Hosts.ofUrl(url);
        int at = url.indexOf(host, Math.max(url.indexOf("://"), url.indexOf('@'))) + host.length();
        if (at < url.length() && url.charAt(at) == ']') {
            at++;
        }
        if (at >= url.length() || url.charAt(at) != ':') {
            return !url.startsWith("tcp:");
        }
        int end = at + 1;
        while (end < url.length() && Character.isDigit(url.charAt(end))) {
            end++;
        }
        int port = Numbers.whole(url.substring(at + 1, end));
        return port >= 1 && port <= 65535 && (end == url.length() || "/?;#".indexOf(url.charAt(end)) >= 0);
    }

    private void take(String url) {
        int scheme = url.indexOf("://");
        int slash = scheme < 0 ? -1 : url.indexOf('/', scheme + 3);
        int at = scheme < 0 ? -1 : url.lastIndexOf('@', slash < 0 ? url.length() : slash);
        if (at < 0) {
            urls.add(url);
            return;
        }
        urls.add(url.substring(0, scheme + 3).concat(url.substring(at + 1)));
        credentials(url.substring(scheme + 3, at));
    }

    private void credentials(String text) {
        int colon = text.indexOf(':');
        try {
            var urlUser = ConnectionText.decoded(colon < 0 ? text : text.substring(0, colon));
            var urlPassword = colon < 0 ? "" : ConnectionText.decoded(text.substring(colon + 1));
            if (user.isPresent() && !user.get().equals(urlUser)) {
                values.problem(
                        urlsKey,
                        urlsKey.name() + " has a user that differs from the others'; there is one, " + userKey.name()
                                + ".");
                return;
            }
            user = Optional.of(urlUser);
            if (password.isEmpty() && !urlPassword.isEmpty()) {
                password = Optional.of(new Secret(urlPassword));
            }
        } catch (Unreadable wrong) {
            values.problem(urlsKey, urlsKey.name() + " " + wrong.text() + ".");
        }
    }

    private void judgePlaintext() {
        if (password.isEmpty() || plaintext) {
            return;
        }
        for (var url : urls) {
            if (url.startsWith("http://") && !Hosts.isLoopback(Hosts.ofUrl(url))) {
                values.problem(
                        urlsKey,
                        "the password for " + Hosts.ofUrl(url)
                                + " would go over the network in clear text; use https, or allow"
                                + " it with allow_plaintext: true.");
                return;
            }
        }
    }
}
