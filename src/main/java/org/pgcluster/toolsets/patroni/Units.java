package org.pgcluster.toolsets.patroni;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's units of memory and time. */
final class Units {
    private static final Map<String, Double> FACTORS = Map.ofEntries(
            Map.entry("B", 1.0),
            Map.entry("kB", 1024.0),
            Map.entry("8kB", 8192.0),
            Map.entry("16MB", 16 * 1048576.0),
            Map.entry("MB", 1048576.0),
            Map.entry("GB", 1073741824.0),
            Map.entry("TB", 1099511627776.0),
            Map.entry("us", 0.001),
            Map.entry("ms", 1.0),
            Map.entry("s", 1000.0),
            Map.entry("min", 60_000.0),
            Map.entry("h", 3_600_000.0),
            Map.entry("d", 86_400_000.0));

    private Units() {}

    /** In bytes or milliseconds; null for what is no number. A number alone is in {@code standard}. */
    static @Nullable Double of(String text, @Nullable String standard) {
        int end = 0;
        while (end < text.length() && "+-.0123456789eE".indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        String unit = text.substring(end).strip();
        Double factor = FACTORS.get(unit.isEmpty() ? String.valueOf(standard) : unit);
        try {
            double number = Double.parseDouble(text.substring(0, end));
            if (unit.isEmpty() && standard == null) {
                return number;
            }
            return factor == null ? null : (Double) (number < 0 ? number : number * factor);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
