package org.pgcluster.cluster;

import java.util.List;
import java.util.Locale;

/** The hosts that may be given credentials when they were discovered: named ones, and all of a domain. Immutable. */
record Trusted(List<String> hosts) {
    boolean host(String wanted) {
        String host = wanted.toLowerCase(Locale.ROOT);
        for (String one : hosts) {
            String known = one.toLowerCase(Locale.ROOT);
            if (known.equals(host) || (known.startsWith(".") && host.endsWith(known))) {
                return true;
            }
        }
        return false;
    }
}
