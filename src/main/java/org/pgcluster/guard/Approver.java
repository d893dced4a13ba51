package org.pgcluster.guard;

import java.util.Locale;

/** Who consented, and by which way. Immutable. */
public record Approver(String who, How how) {
    public enum How {
        FORM,
        CONSOLE,
        SELF,
        TOKEN;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
