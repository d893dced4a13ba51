package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;

/** From the finding over its act to the proof, with nothing known but what each answer says. */
@Tag("lab")
@Tag("slow")
class TriageTest {
    @TempDir
    Path folder;

    @Test
    void what_a_finding_leads_to_heals_it() throws IOException {
        try (Diagnosing estate = Diagnosing.acting("triage", 2, folder)) {
            estate.isSilent();
            estate.breaks("failover-unnoticed");
            List<Map<?, ?>> found = estate.only("citus.names_no_leader");
            assertEquals(1, found.size(), found.toString());
            assertEquals("citus.names_no_leader", found.get(0).get("id"));
            Map<?, ?> next = (Map<?, ?>) Objects.requireNonNull(found.get(0).get("next"));
            Map<String, Object> arguments = new HashMap<>();
            ((Map<?, ?>) Objects.requireNonNull(next.get("arguments")))
                    .forEach((name, value) -> arguments.put(String.valueOf(name), Objects.requireNonNull(value)));
            Answer plan = estate.call(String.valueOf(next.get("tool")), arguments);
            assertFalse(plan.isError(), plan.text());
            assertTrue(plan.text().contains("citus_update_node("), plan.text());
            arguments.remove("dry_run");
            Answer done = estate.approved(String.valueOf(next.get("tool")), arguments);
            assertFalse(done.isError(), done.text());
            estate.isSilent();
        }
    }
}
