package org.pgcluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class StartsTest {
    @Test
    void an_older_java_is_told_what_is_needed() {
        List.of("1.7", "1.8", "9", "11", "16").forEach(java -> assertTrue(Start.isTooOld(java), java));
        List.of("17", "21", "25", "100").forEach(java -> assertFalse(Start.isTooOld(java), java));
        assertEquals(
                "pgcluster-mcp needs Java 17 or later, and /opt/java8 is Java 1.8: install a newer one and put its"
                        + " bin/java into the command.",
                Start.complaint("1.8", "/opt/java8"));
    }
}
