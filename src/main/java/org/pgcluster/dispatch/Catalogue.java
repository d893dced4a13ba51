package org.pgcluster.dispatch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Mode;
import org.pgcluster.config.Resolved;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Nearest;
import org.pgcluster.tool.Tool;
import org.pgcluster.toolsets.citus.CitusTools;
import org.pgcluster.toolsets.core.CoreTools;
import org.pgcluster.toolsets.haproxy.HaproxyTools;
import org.pgcluster.toolsets.patroni.PatroniTools;
import org.pgcluster.toolsets.pgbouncer.PgbouncerTools;
import org.pgcluster.toolsets.postgres.PostgresTools;
import org.pgcluster.toolsets.tables.TablesTools;

/**
 * Which tools there are and which of them this configuration offers. Made from the packed catalogue, so that a client
 * is answered before any tool is loaded. Immutable; loops instead of streams because this is on the way of every start.
 */
public final class Catalogue {
    private static final String RESOURCE = "/catalogue.tsv";
    private static final String PROPERTIES = "\"inputSchema\":{\"type\":\"object\",\"properties\":{";
    private static final String REQUIRED = "\"required\":[";
    private static final String OUTPUT = "},\"outputSchema\":";
    /** Where an act is listed, its requests can be filed. */
    private static final String FILES_REQUESTS = "citus_request_approval_token";

    private static final String SHOWS_ROWS = "execute_sql";
    private static final String BEATS_MODE = "environment MCP_READ_ONLY";

    private final Settings settings;
    private final Map<String, Listed> all;

    private Catalogue(Settings settings, Map<String, Listed> all) {
        this.settings = settings;
        this.all = all;
    }

    public static Catalogue of(Settings settings) {
        return of(settings, packed());
    }

    /** The text of {@link #packed} is the same for every configuration, so that it can be read beside that. */
    public static Catalogue of(Settings settings, String packed) {
        Map<String, Listed> all = new LinkedHashMap<>();
        int at = 0;
        while (at < packed.length()) {
            int end = packed.indexOf('\n', at);
            Listed one = parse(packed.substring(at, end));
            all.put(one.name(), one);
            at = end + 1;
        }
        return new Catalogue(settings, all);
    }

    /** What the build packed: a line for each tool, all of it ASCII, which takes no time to decode. */
    public static String packed() {
        try (InputStream resource = Catalogue.class.getResourceAsStream(RESOURCE)) {
            if (resource == null) {
                throw new IllegalStateException("the build packed no " + RESOURCE);
            }
            return new String(resource.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Listed parse(String line) {
        int one = line.indexOf('\t');
        int two = line.indexOf('\t', one + 1);
        int three = line.indexOf('\t', two + 1);
        int four = line.indexOf('\t', three + 1);
        return new Listed(
                line.substring(0, one),
                line.substring(one + 1, two),
                line.substring(two + 1, three),
                line.substring(three + 1, four),
                line.substring(four + 1));
    }

    /** The JSON array that answers {@code tools/list}. */
    public String toolsJsonArray() {
        StringBuilder array = new StringBuilder(32_768).append('[');
        for (Listed tool : all.values()) {
            if (offered(tool)) {
                array.append(array.length() == 1 ? "" : ",").append(json(tool));
                if (settings.server().listAliases()) {
                    for (String other : SecondNames.listed(tool.name(), json(tool))) {
                        array.append(',').append(other);
                    }
                }
            }
        }
        return array.append(']').toString();
    }

    /** The build packed it as with one cluster; with several, each tool of a cluster takes its name first. */
    private String json(Listed tool) {
        String json = tool.json();
        if (!tool.ofCluster() || settings.clusters().size() < 2) {
            return json;
        }
        String enumeration = JsonText.write(new ArrayList<>(settings.clusters().keySet()));
        boolean required = tool.act() || settings.server().defaultCluster().isEmpty();
        int properties = json.indexOf(PROPERTIES) + PROPERTIES.length();
        int needed = json.lastIndexOf(REQUIRED, json.indexOf(OUTPUT)) + REQUIRED.length();
        StringBuilder named = new StringBuilder(json);
        if (required) {
            named.insert(needed, json.charAt(needed) == ']' ? "\"cluster\"" : "\"cluster\",");
        }
        named.insert(properties, json.charAt(properties) == '}' ? "" : ",");
        return named.insert(properties, "\"cluster\":{\"type\":\"string\",\"enum\":" + enumeration + "}")
                .toString();
    }

    public List<String> visible() {
        List<String> names = new ArrayList<>();
        for (Listed tool : all.values()) {
            if (offered(tool)) {
                names.add(tool.name());
            }
        }
        return names;
    }

    /** Tools that are not offered, each with the key that makes it so. */
    Map<String, String> switchedOff() {
        Map<String, String> off = new LinkedHashMap<>();
        for (Listed tool : all.values()) {
            String why = switchedOff(tool);
            if (why != null) {
                off.put(tool.name(), why);
            }
        }
        return off;
    }

    /** Asked of every tool at each start, where no sentence about it is wanted. */
    private boolean offered(Listed tool) {
        boolean switchedOn =
                settings.problems().isEmpty() && settings.server().toolsets().contains(tool.toolset());
        if (!switchedOn && !tool.toolset().equals("core")) {
            return false;
        }
        if (tool.act() || tool.name().equals(FILES_REQUESTS)) {
            return anyActListed(tool);
        }
        return !tool.name().equals(SHOWS_ROWS) || anyShowsRows();
    }

    private @Nullable String switchedOff(Listed tool) {
        if (offered(tool)) {
            return null;
        }
        if (!settings.problems().isEmpty() && !tool.toolset().equals("core")) {
            return "the configuration has problems; server_info lists them";
        }
        if (!settings.server().toolsets().contains(tool.toolset())
                && !tool.toolset().equals("core")) {
            return LeftOut.why(tool.toolset(), settings);
        }
        return tool.name().equals(SHOWS_ROWS) ? "row_data: deny keeps rows inside" : inTheWay(tool);
    }

    private boolean anyShowsRows() {
        for (ClusterSettings cluster : settings.clusters().values()) {
            if (cluster.rowDataAllowed()) {
                return true;
            }
        }
        return settings.clusters().isEmpty();
    }

    /** Which key keeps an act out. */
    private String inTheWay(Listed tool) {
        for (Resolved value : settings.values()) {
            if (value.source().equals(BEATS_MODE)) {
                return "MCP_READ_ONLY=true in the environment beats every mode; acts need it taken out";
            }
        }
        for (ClusterSettings cluster : settings.clusters().values()) {
            if (tool.act() && !tool.namedBy(cluster) && cluster.mode() != Mode.READ_ONLY) {
                return "acts leaves it out";
            }
            if (cluster.mode() == Mode.ADMIN && !cluster.allowExecute()) {
                return "mode: admin lists acts only with allow_execute: true";
            }
        }
        return "mode: plan, or mode: admin with allow_execute: true, lists acts";
    }

    /** Why a tool is not offered; null where it is. */
    @Nullable
    String whyNot(String name) {
        Listed tool = all.get(name);
        return tool == null ? null : switchedOff(tool);
    }

    private boolean anyActListed(Listed wanted) {
        for (ClusterSettings cluster : settings.clusters().values()) {
            for (Listed act : wanted.act() ? List.of(wanted) : all.values()) {
                if (act.act() && act.listedFor(cluster)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The tool, or why there is none: unknown (and which is nearest), or switched off by which key. */
    Listed visible(String name) {
        Listed tool = all.get(name);
        if (tool == null) {
            String near = Nearest.of(name, all.keySet());
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    "There is no tool " + name + ".",
                    near == null ? "tools/list has all." : "Did you mean " + near + "?");
        }
        String why = switchedOff(tool);
        if (why != null) {
            throw tool.act()
                    ? new ToolException(
                            ErrorCode.NOT_ALLOWED,
                            name + " changes the cluster and this server only reads.",
                            "In the way: " + why + ".")
                    : tool.name().equals(SHOWS_ROWS) && !anyShowsRows()
                            ? new ToolException(
                                    ErrorCode.NOT_ALLOWED,
                                    "row_data: deny keeps rows inside, so free SQL is off.",
                                    "Structure and statistics are still there: ask the other tools.")
                            : new ToolException(
                                    ErrorCode.NOT_CONFIGURED, name + " is switched off: " + why + ".", null);
        }
        return tool;
    }

    static Tool<?, ?> load(Listed listed) {
        Tool<?, ?> tool = switch (listed.toolset()) {
            case "core" -> CoreTools.named(listed.name());
            case "postgres" -> PostgresTools.named(listed.name());
            case "citus" -> CitusTools.named(listed.name());
            case "tables" -> TablesTools.named(listed.name());
            case "patroni" -> PatroniTools.named(listed.name());
            case "haproxy" -> HaproxyTools.named(listed.name());
            case "pgbouncer" -> PgbouncerTools.named(listed.name());
            default -> null;
        };
        if (tool == null) {
            throw new IllegalStateException(listed.name() + " is in the catalogue and not in " + listed.toolset());
        }
        return tool;
    }
}
