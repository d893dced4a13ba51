package org.pgcluster.shape;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The known name that a mistyped one most likely stands for. */
public final class Nearest {
    private static final int LONGEST = 64;

    private Nearest() {}

    public static @Nullable String of(String given, Collection<String> known) {
        if (given.length() > LONGEST) {
            return null;
        }
        String best = null;
        var least = Math.max(1, given.length() / 3) + 1;
        for (var name : known) {
            var distance = distance(given, name);
            if (distance < least) {
                least = distance;
                best = name;
            }
        }
        return best;
    }

    /** How many letters to add, drop or change. */
    private static int distance(String from, String to) {
        var above = new int[to.length() + 1];
        for (var column = 0; column <= to.length(); column++) {
            above[column] = column;
        }
        for (var row = 1; row <= from.length(); row++) {
            var line = new int[to.length() + 1];
            line[0] = row;
            for (var column = 1; column <= to.length(); column++) {
                var changed = above[column - 1] + (from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1);
                line[column] = Math.min(changed, 1 + Math.min(above[column], line[column - 1]));
            }
            above = line;
        }
        return above[to.length()];
    }
}
