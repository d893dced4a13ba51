package org.pgcluster.patroni;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The fields of a JSON object whose presence and type differ from version to version. */
record Fields(Map<?, ?> json) {
    boolean has(String name) {
        return json.get(name) != null;
    }

    @Nullable
    String text(String name) {
        Object value = json.get(name);
        return value instanceof Map<?, ?> || value instanceof List<?> || value == null ? null : value.toString();
    }

    String text(String name, String otherwise) {
        String text = text(name);
        return text == null ? otherwise : text;
    }

    @Nullable
    Long whole(String name) {
        return json.get(name) instanceof Number number ? (Long) number.longValue() : null;
    }

    boolean truth(String name) {
        return Boolean.TRUE.equals(json.get(name));
    }

    Optional<Fields> object(String name) {
        return json.get(name) instanceof Map<?, ?> map ? Optional.of(new Fields(map)) : Optional.empty();
    }

    List<Fields> objects(String name) {
        List<Fields> found = new ArrayList<>();
        if (json.get(name) instanceof List<?> list) {
            for (Object one : list) {
                if (one instanceof Map<?, ?> map) {
                    found.add(new Fields(map));
                }
            }
        }
        return found;
    }

    /** Times come with a T or a space between date and time. */
    @Nullable
    Instant moment(String name) {
        String text = text(name);
        try {
            return text == null
                    ? null
                    : OffsetDateTime.parse(text.replace(' ', 'T')).toInstant();
        } catch (DateTimeException e) {
            return null; // a time that no version writes is no time that we know
        }
    }
}
