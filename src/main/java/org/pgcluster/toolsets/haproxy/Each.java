package org.pgcluster.toolsets.haproxy;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Figures of several instances are told beside each other, never as a sum: a page and a socket may be one HAProxy. */
final class Each {
    private Each() {}

    static <T> String inWords(Map<String, T> instances, Function<T, String> words) {
        if (instances.isEmpty()) {
            return "Nothing was read.";
        }
        List<String> told = instances.entrySet().stream()
                .map(one -> words.apply(one.getValue()) + (instances.size() == 1 ? "" : " on " + one.getKey()))
                .toList();
        return String.join(", ", told) + ".";
    }
}
