package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pgcluster.toolsets.citus.CitusLab.psql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        try (CitusLab lab = CitusLab.as(
                CitusLab.address("LAB_USER_DSN"),
                state,
                "--admin-dsn=" + CitusLab.address("LAB_DSN"),
                "--mode=admin",
                "--allow-execute=true")) {
            Map<String, String> values = values();
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

    private static Map<String, String> values() throws SQLException {
        String shard = psql("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass")
                .get(0);
        String node = psql("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = "
                        + shard)
                .get(0);
        return Map.of(
                "{shard}", shard,
                "{node}", node,
                "{other}",
                        psql("SELECT min(nodeid) FROM pg_dist_node WHERE groupid > 0 AND nodeid <> " + node)
                                .get(0),
                "{port}",
                        psql("SELECT nodeport FROM pg_dist_node WHERE nodeid = " + node)
                                .get(0),
                "{coordinator}",
                        psql("SELECT nodeport FROM pg_dist_node WHERE groupid = 0")
                                .get(0),
                "{middle}",
                        psql("SELECT (shardminvalue::bigint + shardmaxvalue::bigint) / 2 FROM pg_dist_shard WHERE shardid = "
                                        + shard)
                                .get(0));
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

    /** Sentences and columns; what stands in rows, and every number, is another one each time. */
    private static String shape(String text) {
        return text.replaceAll("[0-9]+(\\.[0-9]+)*( ?[kMGT]?B\\b)?", "9")
                .replaceAll("(?m)^\\|(?!-).*9.*$", "|row|")
                .replaceAll("(\\|row\\|\n)+", "|row|\n")
                .replaceAll("…", "");
    }
}
