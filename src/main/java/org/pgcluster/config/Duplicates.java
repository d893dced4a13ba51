package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Adds to a map, and keeps what was there before when a key comes twice, since both cannot be meant. */
final class Duplicates {
    private final List<Unreadable> found = new ArrayList<>();

    void put(Map<String, Node> fields, String key, Node value, int line) {
        var before = fields.putIfAbsent(key, value);
        if (before != null) {
            add(line, "The key " + Shown.cut(key) + " stands here and on line " + before.line() + ".");
        }
    }

    void add(int line, String text) {
        found.add(new Unreadable(line, text));
    }

    List<Unreadable> found() {
        return found;
    }
}
