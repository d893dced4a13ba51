package org.pgcluster.patroni;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The dynamic configuration of a group, with Patroni's own defaults where it says nothing. */
public record Settings(Map<String, @Nullable Object> all) {
    public long ttl() {
        return number("ttl", 30);
    }

    public long loopWait() {
        return number("loop_wait", 10);
    }

    public long maximumLagOnFailover() {
        return number("maximum_lag_on_failover", 1_048_576);
    }

    /** off, on, strict or quorum; 4.0 writes quorum where it was on. */
    public String synchronous() {
        Object mode = all.get("synchronous_mode");
        if ("quorum".equals(mode)) {
            return "quorum";
        }
        if (!truth("synchronous_mode")) {
            return "off";
        }
        return truth("synchronous_mode_strict") ? "strict" : "on";
    }

    public boolean truth(String name) {
        Object value = all.get(name);
        return Boolean.TRUE.equals(value) || "on".equals(value) || "true".equals(value);
    }

    private long number(String name, long otherwise) {
        return all.get(name) instanceof Number number ? number.longValue() : otherwise;
    }
}
