package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;

/** Judges hosts by their text alone; nothing is looked up. */
final class Hosts {
    private Hosts() {}

    static boolean isLoopback(String host) {
        return host.startsWith("/")
                || host.startsWith("@")
                || host.equals("localhost")
                || host.endsWith(".localhost")
                || host.equals("::1")
                || host.equals("0:0:0:0:0:0:0:1")
                || isLoopbackNumber(host);
    }

    /** Only whole numbers: 127.0.0.1.example.com is somebody else. */
    private static boolean isLoopbackNumber(String host) {
        if (!host.startsWith("127.")) {
            return false;
        }
        var parts = ConnectionText.split(host, '.');
        if (parts.size() != 4) {
            return false;
        }
        for (var part : parts) {
            if (part.length() > 3 || Numbers.whole(part) < 0) {
                return false;
            }
        }
        return true;
    }

    /** The host of a URL, of {@code tcp:host:port}, or the path of {@code unix:/path}. */
    static String ofUrl(String url) {
        if (url.startsWith("unix:")) {
            return "/".concat(url.substring(5));
        }
        int scheme = url.indexOf("://");
        var rest = scheme >= 0 ? url.substring(scheme + 3) : url.startsWith("tcp:") ? url.substring(4) : url;
        int end = 0;
        while (end < rest.length() && "/?;#".indexOf(rest.charAt(end)) < 0) {
            end++;
        }
        var authority = rest.substring(0, end);
        authority = authority.substring(authority.lastIndexOf('@') + 1);
        if (authority.startsWith("[")) {
            return authority.substring(1, Math.max(1, authority.indexOf(']')));
        }
        int colon = authority.lastIndexOf(':');
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    /** The host, and its domain where that is more than a public suffix can be. */
    static List<String> withDomain(String host) {
        var found = new ArrayList<String>();
        found.add(host);
        int dot = host.indexOf('.');
        if (dot < 0 || host.indexOf(':') >= 0 || host.startsWith("/") || isNumber(host)) {
            return found;
        }
        var labels = ConnectionText.split(host.substring(dot + 1), '.');
        boolean couldBeAnybodys = labels.size() < 2
                || (labels.size() == 2
                        && labels.get(0).length() <= 3
                        && labels.get(1).length() == 2);
        if (!couldBeAnybodys) {
            found.add(host.substring(dot));
        }
        return found;
    }

    private static boolean isNumber(String host) {
        return Character.isDigit(host.charAt(host.length() - 1));
    }
}
