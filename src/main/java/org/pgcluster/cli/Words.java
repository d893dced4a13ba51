package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Masks;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;

/** A tool's arguments as typed: one JSON object, or {@code key=value} read by what the tool's schema says of the key. */
final class Words {
    private final Map<?, ?> properties;

    private Words(Map<?, ?> properties) {
        this.properties = properties;
    }

    /** {@code toolsJsonArray} is the catalogue; a tool that is not in it is left to the desk to refuse. */
    static Words of(String tool, String toolsJsonArray) {
        if (JsonText.read(toolsJsonArray) instanceof List<?> tools) {
            for (Object each : tools) {
                if (each instanceof Map<?, ?> one
                        && tool.equals(one.get("name"))
                        && one.get("inputSchema") instanceof Map<?, ?> schema
                        && schema.get("properties") instanceof Map<?, ?> properties) {
                    return new Words(properties);
                }
            }
        }
        return new Words(Map.of());
    }

    static Map<String, @Nullable Object> object(String json) {
        if (!(JsonText.read(json) instanceof Map<?, ?> map)) {
            throw ToolException.invalidInput("The arguments are one JSON object, or key=value.", null);
        }
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        map.forEach((name, value) -> arguments.put((String) name, value));
        return arguments;
    }

    Map<String, @Nullable Object> read(List<String> typed) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        for (String word : typed) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw ToolException.invalidInput(
                        "An argument is written key=value, or all are one JSON object: \""
                                + new Masks(List.of()).in(word) + "\" is neither.",
                        word.startsWith("postgres") ? "--dsn says where the database is." : null);
            }
            String key = word.substring(0, equals);
            Object value = value(key, word.substring(equals + 1));
            if (arguments.get(key) instanceof List<?> before && value instanceof List<?> more) {
                List<@Nullable Object> all = new ArrayList<>(before);
                all.addAll(more);
                arguments.put(key, all);
            } else if (arguments.containsKey(key)) {
                throw ToolException.invalidInput("`" + key + "` is given twice.", null);
            } else {
                arguments.put(key, value);
            }
        }
        return arguments;
    }

    private @Nullable Object value(String key, String text) {
        if (takes(key, "string")) {
            return text;
        }
        if (takes(key, "array") && !text.startsWith("[")) {
            return new ArrayList<@Nullable Object>(List.of(text));
        }
        try {
            return JsonText.read(text);
        } catch (ToolException e) {
            return text; // no JSON, so it is the text itself; the tool says if it wanted something else
        }
    }

    private boolean takes(String key, String type) {
        if (!(properties.get(key) instanceof Map<?, ?> property)) {
            return false;
        }
        Object types = property.get("type");
        return type.equals(types)
                || (types instanceof List<?> several && several.contains(type))
                || (types == null && property.get("enum") != null && type.equals("string"));
    }
}
