package org.pgcluster.postgres.safety;

import java.util.List;
import java.util.Optional;

/** What an accepted tree touches, from which the role to run it under follows. */
record Findings(
        boolean plain,
        boolean traces,
        boolean distributed,
        boolean catalogueOnly,
        boolean monitorMay,
        List<String> rowSecured) {
    /** Workers refuse a role that cannot log in; statistics are shown only to monitors. */
    String sandbox() {
        if (distributed) {
            return "";
        }
        if (catalogueOnly) {
            return monitorMay ? "pg_monitor" : "";
        }
        return "pg_read_all_data";
    }

    Verdict verdict(String role) {
        return new Verdict(
                plain, traces, distributed, rowSecured, role.isEmpty() ? Optional.empty() : Optional.of(role));
    }
}
