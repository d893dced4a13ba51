package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Problems;

/** What belongs to the journey and not to the tool: which cluster, whose approval, only to plan. */
record Envelope(
        Optional<String> cluster, Optional<String> approval, boolean dryRun, Map<String, @Nullable Object> rest) {
    static Envelope open(Map<String, @Nullable Object> arguments, Listed tool, Problems problems) {
        Map<String, @Nullable Object> rest = new LinkedHashMap<>(arguments);
        Optional<String> cluster = tool.ofCluster() ? text(rest, "cluster", problems) : Optional.empty();
        if (!tool.act()) {
            return new Envelope(cluster, Optional.empty(), false, rest);
        }
        problems.besides(List.of("approval_token", "dry_run"));
        Optional<String> approval = text(rest, "approval_token", problems);
        Object dry = rest.remove("dry_run");
        if (dry != null && !(dry instanceof Boolean)) {
            problems.takes("dry_run", "true or false", dry);
        }
        return new Envelope(cluster, approval, Boolean.TRUE.equals(dry), rest);
    }

    private static Optional<String> text(Map<String, @Nullable Object> rest, String name, Problems problems) {
        Object value = rest.remove(name);
        if (value != null && !(value instanceof String)) {
            problems.takes(name, "a text", value);
        }
        return value instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }
}
