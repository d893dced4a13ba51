package org.pgcluster.offers;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Resolved;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Request;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.mcp.Features.Resource;
import org.pgcluster.shape.JsonText;

/** What can be read at an address: each is what a tool answers, so that both always agree. Threads share it. */
final class Resources {
    private static final String CLUSTER = "cluster://{cluster}/";
    static final String TABLE = CLUSTER + "table/{schema}/{name}";
    private static final Pattern ADDRESS = Pattern.compile("cluster://([^/]+)/([a-z]+)(?:/([^/]+)/([^/]+))?");

    /** One kind: the last word of its address and the tools of which the first that is listed answers. */
    private record Kind(String word, String title, String description, List<String> tools) {}

    private static final List<Kind> KINDS = List.of(
            new Kind(
                    "topology",
                    "Topology",
                    "Who is where, as tables and as a Mermaid picture.",
                    List.of("cluster_topology")),
            new Kind(
                    "health",
                    "Health",
                    "One diagnosis of the whole estate, root causes first.",
                    List.of("cluster_health")),
            new Kind(
                    "tables",
                    "Tables",
                    "Every table with its kind: distributed, reference or plain.",
                    List.of("list_table_types", "list_schemas")));

    private final Settings settings;
    private final Set<String> listed;
    private final Supplier<Desk> desk;

    Resources(Settings settings, List<String> listed, Supplier<Desk> desk) {
        this.settings = settings;
        this.listed = Set.copyOf(listed);
        this.desk = desk;
    }

    /** Those without a choice, of each cluster. */
    List<Resource> fixed() {
        List<Resource> all = new ArrayList<>();
        for (String cluster : settings.clusters().keySet()) {
            for (Resource one : templates()) {
                if (!one.uri().equals(TABLE)) {
                    all.add(new Resource(
                            one.uri().replace("{cluster}", encoded(cluster)),
                            cluster + " " + one.name(),
                            one.title() + " of " + cluster,
                            one.description(),
                            one.mimeType(),
                            this::read));
                }
            }
        }
        return all;
    }

    List<Resource> templates() {
        List<Resource> all = new ArrayList<>();
        for (Kind kind : KINDS) {
            if (kind.tools().stream().anyMatch(listed::contains)) {
                all.add(new Resource(
                        CLUSTER + kind.word(),
                        kind.word(),
                        kind.title(),
                        kind.description(),
                        "text/markdown",
                        this::read));
            }
        }
        if (listed.contains("get_object_details")) {
            all.add(new Resource(
                    TABLE,
                    "table",
                    "Table",
                    "Columns, indexes and constraints of one table, and how Citus spreads it. Schema and name are"
                            + " percent-encoded.",
                    "text/markdown",
                    this::read));
        }
        all.add(new Resource(
                CLUSTER + "config",
                "config",
                "Configuration",
                "What is configured for this cluster and from where, secrets masked.",
                "application/json",
                this::read));
        return all;
    }

    private String read(String uri, Call call) {
        Matcher address = ADDRESS.matcher(uri);
        if (!address.matches()) {
            throw notFound(uri);
        }
        String cluster = decoded(address.group(1));
        if (!settings.clusters().containsKey(cluster)) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    "There is no cluster " + cluster + ".",
                    "Known: " + String.join(", ", settings.clusters().keySet()) + ".");
        }
        String word = address.group(2);
        if (word.equals("table") && address.group(3) != null) {
            return table(cluster, decoded(address.group(3)), decoded(address.group(4)), call);
        }
        if (address.group(3) != null) {
            throw notFound(uri);
        }
        if (word.equals("config")) {
            return config(cluster);
        }
        String tool = KINDS.stream()
                .filter(kind -> kind.word().equals(word))
                .flatMap(kind -> kind.tools().stream())
                .filter(listed::contains)
                .findFirst()
                .orElseThrow(() -> notFound(uri));
        Map<String, Object> arguments = tool.equals("cluster_topology")
                ? Map.of("picture", true)
                : tool.equals("list_table_types") ? Map.of("limit", 200) : Map.of();
        return whole(tool, cluster, arguments, call);
    }

    private static ToolException notFound(String uri) {
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is nothing at " + uri + ".",
                "resources/templates/list has the addresses; schema and name are percent-encoded.");
    }

    /** How Citus spreads it is told beside, where it does. */
    private String table(String cluster, String schema, String name, Call call) {
        String details = whole("get_object_details", cluster, Map.of("schema", schema, "name", name), call);
        if (!listed.contains("citus_table_inspector")) {
            return details;
        }
        String table = Proposals.quoted(schema) + "." + Proposals.quoted(name);
        Answer spread = answer("citus_table_inspector", cluster, Map.of("table", table), call);
        return spread.isError() ? details : details + "\n\n" + spread.text();
    }

    private String whole(String tool, String cluster, Map<String, ?> arguments, Call call) {
        Answer answer = answer(tool, cluster, arguments, call);
        if (answer.isError()) {
            throw new ToolException(
                    ErrorCode.valueOf(String.valueOf(answer.structured().get("code"))), answer.text(), null);
        }
        return answer.text();
    }

    private Answer answer(String tool, String cluster, Map<String, ?> given, Call call) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>(given);
        if (settings.clusters().size() > 1) {
            arguments.put("cluster", cluster);
        }
        return desk.get().call(new Request(tool, arguments, call, "resource", Optional.empty()));
    }

    private String config(String cluster) {
        List<Map<String, String>> values = new ArrayList<>();
        for (Resolved value : settings.values()) {
            boolean ofAnother = settings.clusters().keySet().stream()
                    .anyMatch(other -> !other.equals(cluster) && value.key().startsWith("clusters." + other + "."));
            if (!ofAnother) {
                Map<String, String> one = new LinkedHashMap<>();
                one.put("key", value.key());
                one.put("value", value.shown());
                one.put("source", value.source());
                values.add(one);
            }
        }
        return JsonText.write(Map.of("cluster", cluster, "values", values));
    }

    /** Proposals for the variables of the templates. */
    List<String> values(String variable, String begun, Map<String, String> known, Call call) {
        return switch (variable) {
            case "cluster" -> beginning(begun, List.copyOf(settings.clusters().keySet()));
            case "schema" -> beginning(begun, names("list_schemas", "schemas", known, Map.of(), call));
            case "name" ->
                known.containsKey("schema")
                        ? beginning(begun, names("list_objects", "objects", known, ofSchema(known), call))
                        : List.of();
            default -> List.of();
        };
    }

    private static Map<String, Object> ofSchema(Map<String, String> known) {
        return Map.of("schema", decoded(known.getOrDefault("schema", "")), "type", "table", "limit", 200);
    }

    private List<String> names(
            String tool, String list, Map<String, String> known, Map<String, Object> arguments, Call call) {
        String cluster = known.containsKey("cluster")
                ? decoded(known.get("cluster"))
                : settings.clusters().keySet().stream().findFirst().orElse("");
        if (!listed.contains(tool) || !settings.clusters().containsKey(cluster)) {
            return List.of();
        }
        Answer answer = answer(tool, cluster, arguments, call);
        List<String> names = new ArrayList<>();
        if (!answer.isError() && answer.structured().get(list) instanceof List<?> rows) {
            rows.forEach(row -> names.add(encoded(String.valueOf(((Map<?, ?>) row).get("name")))));
        }
        return names;
    }

    private static List<String> beginning(String begun, List<String> values) {
        return values.stream().filter(value -> value.startsWith(begun)).toList();
    }

    /** A plus sign is itself in an address; only forms mean a space by it. */
    private static String decoded(String part) {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw notFound(part);
        }
    }

    private static String encoded(String name) {
        StringBuilder out = new StringBuilder();
        for (byte one : name.getBytes(StandardCharsets.UTF_8)) {
            char letter = (char) (one & 0xff);
            boolean plain = letter < 128 && (Character.isLetterOrDigit(letter) || "-._~".indexOf(letter) >= 0);
            out.append(plain ? String.valueOf(letter) : String.format("%%%02X", (int) letter));
        }
        return out.toString();
    }
}
