package org.pgcluster.config;

/** Whole numbers without exceptions: a configuration is full of texts that are none. */
final class Numbers {
    private Numbers() {}

    /** The number from 0 on, or -1 where the text is none or too large. */
    static int whole(String text) {
        if (text.isEmpty() || text.length() > 10) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            number = number * 10 + (c - '0');
        }
        return number > Integer.MAX_VALUE ? -1 : (int) number;
    }
}
