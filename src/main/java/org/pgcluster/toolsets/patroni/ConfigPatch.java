package org.pgcluster.toolsets.patroni;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a patch makes of a configuration, by Patroni's own rules, and the patch that takes it back. Pure. */
final class ConfigPatch {
    private ConfigPatch() {}

    /** A setting by its path. */
    record Changed(
            String name, @Nullable Object before, @Nullable Object now) {}

    /** Null removes, objects go into objects, everything else replaces; what was not there is taken as it is. */
    static Map<String, @Nullable Object> merged(Map<?, ?> now, Map<?, ?> patch) {
        Map<String, @Nullable Object> merged = named(now);
        patch.forEach((name, value) -> {
            String key = String.valueOf(name);
            Object old = merged.get(key);
            if (value == null) {
                merged.remove(key);
            } else if (value instanceof Map<?, ?> inner && old instanceof Map<?, ?> there) {
                merged.put(key, merged(there, inner));
            } else {
                merged.put(key, value);
            }
        });
        return merged;
    }

    /** Merged into what {@code patch} made, it gives what was before. */
    static Map<String, @Nullable Object> undo(Map<?, ?> before, Map<?, ?> patch) {
        Map<String, @Nullable Object> old = named(before);
        Map<String, @Nullable Object> undo = new LinkedHashMap<>();
        patch.forEach((name, value) -> {
            String key = String.valueOf(name);
            Object there = old.get(key);
            if (value instanceof Map<?, ?> inner && there instanceof Map<?, ?> map) {
                Map<String, @Nullable Object> within = undo(map, inner);
                if (!within.isEmpty()) {
                    undo.put(key, within);
                }
            } else if (!Objects.equals(there, value)) {
                undo.put(key, there);
            }
        });
        return undo;
    }

    private static Map<String, @Nullable Object> named(Map<?, ?> map) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        map.forEach((name, value) -> named.put(String.valueOf(name), value));
        return named;
    }

    static List<Changed> changes(Map<?, ?> before, Map<?, ?> after) {
        Map<String, @Nullable Object> old = new TreeMap<>();
        Map<String, @Nullable Object> now = new TreeMap<>();
        PatroniConfig.flatten("", before, old);
        PatroniConfig.flatten("", after, now);
        Map<String, Changed> changes = new TreeMap<>();
        old.forEach((name, value) -> {
            if (!Objects.equals(value, now.get(name))) {
                changes.put(name, new Changed(name, value, now.get(name)));
            }
        });
        now.forEach((name, value) -> {
            if (!old.containsKey(name)) {
                changes.put(name, new Changed(name, null, value));
            }
        });
        return List.copyOf(changes.values());
    }
}
