package org.pgcluster.shape;

import org.jspecify.annotations.Nullable;

/** The known name that a mistyped one most likely stands for. */
public final class Nearest {
    private static final int LONGEST = 64;

    private Nearest() {}

    public static @Nullable String of(String given, Iterable<String> known) {
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

    /** Letters to add, drop or change, and neighbours to swap. */
    private static int distance(String from, String to) {
        var table = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                table[i][j] = i == 0 || j == 0 ? i + j : cheapest(table, from, to, i, j);
            }
        }
        return table[from.length()][to.length()];
    }

    private static int cheapest(int[][] table, String from, String to, int i, int j) {
        int changed = table[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int cost = Math.min(changed, Math.min(table[i - 1][j], table[i][j - 1]) + 1);
        boolean swapped =
                i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2) && from.charAt(i - 2) == to.charAt(j - 1);
        return swapped ? Math.min(cost, table[i - 2][j - 2] + 1) : cost;
    }
}
