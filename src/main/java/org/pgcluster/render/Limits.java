package org.pgcluster.render;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** How much one answer may hold. Lists are cut from the end and the answer says so; a plan is never cut. */
public record Limits(int maxRows, int maxTextBytes) {
    public Rendered fit(String sentence, Map<String, ? extends @Nullable Object> structured) {
        return fit(sentence, structured, Set.of());
    }

    public Rendered fit(String sentence, Map<String, ? extends @Nullable Object> structured, Set<String> skip) {
        var cuts = new Cuts(structured);
        cuts.toRows(maxRows);
        while (true) {
            var told = cuts.told();
            var text = Words.text(told.isEmpty() ? sentence : sentence + " " + told, cuts.structured(), skip);
            var excess = bytes(text) + bytes(JsonText.write(cuts.structured())) - maxTextBytes;
            if (excess <= 0 || !cuts.shorten(excess)) {
                return new Rendered(text, cuts.structured());
            }
        }
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
