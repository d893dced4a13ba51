package org.pgcluster.mcp;

/** Whether bytes are UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. The JDK's decoder would mend them silently. */
final class Utf8 {
    private Utf8() {}

    static boolean valid(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to) {
            int first = bytes[at++] & 0xFF;
            if (first < 0x80) {
                continue;
            }
            int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
            if (first < 0xC2 || first > 0xF4 || at + more > to || !secondFits(first, bytes[at] & 0xFF)) {
                return false;
            }
            for (int i = 1; i < more; i++) {
                if ((bytes[at + i] & 0xC0) != 0x80) {
                    return false;
                }
            }
            at += more;
        }
        return true;
    }

    private static boolean secondFits(int first, int second) {
        int lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        return second >= lowest && second <= highest;
    }
}
