package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.OwnLab;

/** {@code docs/citus.md}: a transcript of every tool, each run again. */
class CitusPageTest {
    private static final Path PAGE = Path.of("docs/citus.md");
    private static final Pattern COMMAND = Pattern.compile("```console\n\\$ (\\w+)([^\n]*)\n(.*?)```", Pattern.DOTALL);
    private static final Pattern ARGUMENT = Pattern.compile("(\\w+)=(\"[^\"]*\"|\\S+)");
    private static final int MOST_LINES = 9;
    private static final int WIDEST = 200;

    @TempDir
    Path state;

    @Test
    void every_tool_of_both_toolsets_has_its_place() throws IOException {
        Set<String> missing = new TreeSet<>();
        String page = Files.readString(PAGE);
        for (String line : Files.readAllLines(Path.of("src/main/resources/catalogue.tsv"))) {
            String[] tool = line.split("\t", -1);
            if (List.of("citus", "tables").contains(tool[0]) && !page.contains("`" + tool[1] + "`")) {
                missing.add(tool[1]);
            }
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    @Tag("lab")
    @Tag("slow")
    void what_the_page_shows_is_what_the_tools_say() throws Exception {
        String page = Files.readString(PAGE);
        List<String> wrong = new ArrayList<>();
        // A cluster on which nothing else ran, because the page shows what its own sample workload left in the
        // statistics.
        try (OwnLab own = OwnLab.up("cituspage", 3);
                CitusLab lab = CitusLab.as(
                        own.address("LAB_USER_DSN"),
                        state,
                        "--admin-dsn=" + own.address("LAB_DSN"),
                        "--mode=admin",
                        "--allow-execute=true")) {
            Map<String, String> values = values(own);
            String written = COMMAND.matcher(page).replaceAll(call -> {
                String said = excerpt(lab.ask(call.group(1), arguments(call.group(1), call.group(2), values))
                        .text());
                if (!shape(said).equals(shape(call.group(3)))) {
                    wrong.add(call.group(1) + ": " + said);
                }
                return java.util.regex.Matcher.quoteReplacement(
                        "```console\n$ " + call.group(1) + call.group(2) + "\n" + said + "```");
            });
            if (Boolean.getBoolean("snapshots.update")) {
                Files.writeString(PAGE, written);
                return;
            }
        }
        assertEquals(List.of(), wrong);
    }

    private static Map<String, String> values(OwnLab own) throws SQLException {
        try (var coordinator = CitusLab.connectTo(own.address("LAB_DIRECT_DSN").split(",", -1)[0])) {
            // Of the workers the one with the fewest tables: which one has the single shards is another each time.
            String node = one(
                    coordinator,
                    "SELECT nodeid FROM pg_dist_placement JOIN pg_dist_shard USING (shardid) JOIN pg_dist_node USING (groupid)"
                            + " WHERE groupid > 0 GROUP BY nodeid ORDER BY count(DISTINCT logicalrelid), nodeid");
            String shard = one(
                    coordinator,
                    "SELECT min(shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)"
                            + " WHERE logicalrelid = 'orders'::regclass AND nodeid = " + node);
            return Map.of(
                    "{shard}",
                    shard,
                    "{node}",
                    node,
                    "{other}",
                    one(coordinator, "SELECT min(nodeid) FROM pg_dist_node WHERE groupid > 0 AND nodeid <> " + node),
                    "{port}",
                    one(coordinator, "SELECT nodeport FROM pg_dist_node WHERE nodeid = " + node),
                    "{coordinator}",
                    one(coordinator, "SELECT nodeport FROM pg_dist_node WHERE groupid = 0"),
                    "{middle}",
                    one(
                            coordinator,
                            "SELECT (shardminvalue::bigint + shardmaxvalue::bigint) / 2 FROM pg_dist_shard WHERE shardid = "
                                    + shard));
        }
    }

    private static String one(Connection connection, String sql) throws SQLException {
        return CitusLab.psql(connection, sql).get(0);
    }

    private static Object[] arguments(String tool, String words, Map<String, String> values) {
        List<Object> given = new ArrayList<>();
        ARGUMENT.matcher(words).results().forEach(one -> {
            String value = one.group(2);
            for (var each : values.entrySet()) {
                value = value.replace(each.getKey(), each.getValue());
            }
            given.add(one.group(1));
            given.add(typed(one.group(1), value));
        });
        boolean act = CitusPageTest.acts().contains(tool);
        if (act) {
            given.addAll(List.of("dry_run", true));
        }
        return given.toArray();
    }

    private static Set<String> acts() {
        try {
            Set<String> acts = new TreeSet<>();
            for (String line : Files.readAllLines(Path.of("src/main/resources/catalogue.tsv"))) {
                String[] tool = line.split("\t", -1);
                if (Set.of("CHANGES", "DESTROYS").contains(tool[2])) {
                    acts.add(tool[1]);
                }
            }
            return acts;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Object typed(String name, String value) {
        if (name.equals("split_points")) {
            return List.of(Integer.parseInt(value));
        }
        if (name.equals("nodes")) {
            return List.of(value.replaceAll("[\\[\\]]", "").split(",", -1));
        }
        if (name.matches("limit|port|shard_id|job_id|include_\\w+|should_have_shards") || value.startsWith("\"")) {
            return java.util.Objects.requireNonNull(JsonText.read(value));
        }
        return value;
    }

    /** The first lines, none of them longer than a page is wide. */
    private static String excerpt(String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        StringBuilder shown = new StringBuilder();
        for (String line : lines.subList(0, Math.min(MOST_LINES, lines.size()))) {
            shown.append(line.length() > WIDEST ? line.substring(0, WIDEST) + "…" : line)
                    .append('\n');
        }
        return shown.append(lines.size() > MOST_LINES ? "…\n" : "").toString();
    }

    /** Sentences and columns; what stands in rows, every number and what they are signed with is another one each time. */
    private static String shape(String text) {
        return text.replaceAll("cursor [\\w.-]+", "cursor")
                .replaceAll("[0-9]+(\\.[0-9]+)*( ?[kMGT]?B\\b)?", "9")
                .replaceAll("(?m)^\\|.*9.*$", "|row|")
                .replaceAll("(\\|row\\|\n)+", "|row|\n")
                .replaceAll("…", "");
    }
}
