package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** What belongs to the journey and not to the tool: which cluster, whose approval, only to plan. */
record Envelope(
        Optional<String> cluster, Optional<String> approval, boolean dryRun, Map<String, @Nullable Object> rest) {
    static Envelope open(Map<String, @Nullable Object> arguments, boolean act, boolean takesCluster) {
        Map<String, @Nullable Object> rest = new LinkedHashMap<>(arguments);
        Optional<String> cluster = takesCluster ? text(rest, "cluster") : Optional.empty();
        if (!act) {
            return new Envelope(cluster, Optional.empty(), false, rest);
        }
        Optional<String> approval = text(rest, "approval_token");
        Object dry = rest.remove("dry_run");
        if (dry != null && !(dry instanceof Boolean)) {
            throw ToolException.invalidInput("`dry_run` takes true or false, not \"" + dry + "\".", null);
        }
        return new Envelope(cluster, approval, Boolean.TRUE.equals(dry), rest);
    }

    private static Optional<String> text(Map<String, @Nullable Object> rest, String name) {
        Object value = rest.remove(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof String text)) {
            throw ToolException.invalidInput("`" + name + "` takes a text, not " + value + ".", null);
        }
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
