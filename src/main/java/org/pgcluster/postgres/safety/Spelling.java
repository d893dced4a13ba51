package org.pgcluster.postgres.safety;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** How far what somebody wrote is from a name that there is. */
public final class Spelling {
    private Spelling() {}

    static Optional<String> nearest(String wanted, Collection<String> names) {
        return names.stream()
                .filter(name -> distance(wanted, name) <= Math.max(1, wanted.length() / 3.0))
                .min(Comparator.comparingDouble(name -> distance(wanted, name)));
    }

    /** Levenshtein's, without regard to case; one name that contains the other is near too. */
    public static double distance(String wanted, String name) {
        var a = wanted.toLowerCase(Locale.ROOT);
        var b = name.toLowerCase(Locale.ROOT);
        if (a.length() > 3 && b.length() > 3 && (a.contains(b) || b.contains(a))) {
            return 1.5;
        }
        var previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            var current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
