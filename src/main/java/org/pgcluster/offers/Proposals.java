package org.pgcluster.offers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Request;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Values that an argument could have, read with the tools that list them. Threads share it. */
final class Proposals {
    /** A client shows a hundred; whoever has more goes on typing. */
    private static final int MOST_PAGES = 10;

    /** {@code fields} are joined by a dot and quoted as SQL would need it. */
    private record Source(String tool, Map<String, Object> arguments, String list, List<String> fields) {}

    private static final Map<String, Source> SOURCES = Map.of(
            "table",
            new Source(
                    "citus_list_distributed_tables",
                    Map.of("table_type", "all", "limit", 200),
                    "tables",
                    List.of("schema", "name")),
            "plain table",
            new Source("list_table_types", Map.of("type", "plain", "limit", 200), "tables", List.of("schema", "name")),
            "schema",
            new Source("list_schemas", Map.of(), "schemas", List.of("name")),
            "node",
            new Source("list_nodes", Map.of(), "nodes", List.of("where")),
            "member",
            new Source("patroni_member_list", Map.of(), "members", List.of("member")),
            "group",
            new Source("patroni_member_list", Map.of(), "members", List.of("group")));

    private final Settings settings;
    private final Set<String> listed;
    private final Supplier<Desk> desk;

    Proposals(Settings settings, List<String> listed, Supplier<Desk> desk) {
        this.settings = settings;
        this.listed = Set.copyOf(listed);
        this.desk = desk;
    }

    /** What an argument of a prompt may take, beside the values that it lists itself. */
    static Set<String> kinds() {
        return SOURCES.keySet();
    }

    static Optional<String> tool(String kind) {
        return Optional.ofNullable(SOURCES.get(kind)).map(Source::tool);
    }

    List<String> values(String takes, String begun, Map<String, String> known, Call call) {
        if (takes.equals(Prompts.CLUSTER)) {
            return beginning(begun, settings.clusters().keySet());
        }
        Source source = SOURCES.get(takes);
        if (source == null) {
            return takes.equals("column")
                    ? columns(begun, known, call)
                    : beginning(begun, PromptText.Argument.proposed(takes));
        }
        return listed.contains(source.tool()) ? read(source, begun, known, call) : List.of();
    }

    /** Of the table that was given before it. */
    private List<String> columns(String begun, Map<String, String> known, Call call) {
        String[] table = known.getOrDefault("table", "").replace("\"", "").split("\\.", -1);
        Source source = new Source(
                "get_object_details",
                Map.of("schema", table.length > 1 ? table[0] : "public", "name", table[table.length - 1]),
                "columns",
                List.of("name"));
        boolean named = !table[table.length - 1].isEmpty() && listed.contains(source.tool());
        return named ? read(source, begun, known, call) : List.of();
    }

    private static List<String> beginning(String begun, Iterable<String> values) {
        List<String> matching = new ArrayList<>();
        values.forEach(value -> {
            if (begins(value, begun)) {
                matching.add(value);
            }
        });
        return matching;
    }

    /** A table is found by its name as well as by its schema. */
    private static boolean begins(String value, String begun) {
        String typed = begun.toLowerCase(Locale.ROOT);
        String all = value.toLowerCase(Locale.ROOT);
        return all.startsWith(typed) || all.substring(all.indexOf('.') + 1).startsWith(typed);
    }

    private List<String> read(Source source, String begun, Map<String, String> known, Call call) {
        Set<String> values = new LinkedHashSet<>();
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>(source.arguments());
        if (known.containsKey(Prompts.CLUSTER)) {
            arguments.put(Prompts.CLUSTER, known.get(Prompts.CLUSTER));
        }
        for (int page = 0; page < MOST_PAGES; page++) {
            Answer answer =
                    desk.get().call(new Request(source.tool(), arguments, call, "completion", Optional.empty()));
            if (answer.isError()) {
                throw new ToolException(
                        ErrorCode.valueOf(String.valueOf(answer.structured().get("code"))), answer.text(), null);
            }
            for (Object row :
                    (List<?>) Objects.requireNonNull(answer.structured().get(source.list()))) {
                values.add(value((Map<?, ?>) row, source.fields()));
            }
            Object cursor = answer.structured().get("rest") instanceof Map<?, ?> rest ? rest.get("cursor") : null;
            if (cursor == null) {
                break;
            }
            arguments.put("cursor", cursor);
        }
        return beginning(begun, values);
    }

    private static String value(Map<?, ?> row, List<String> fields) {
        if (fields.size() == 1) {
            return String.valueOf(row.get(fields.get(0)));
        }
        List<String> parts = new ArrayList<>();
        fields.forEach(field -> parts.add(quoted(String.valueOf(row.get(field)))));
        return String.join(".", parts);
    }

    static String quoted(String name) {
        return name.matches("[a-z_][a-z0-9_$]*") ? name : '"' + name.replace("\"", "\"\"") + '"';
    }
}
