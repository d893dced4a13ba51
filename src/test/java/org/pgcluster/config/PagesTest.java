package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the pages promise about names: of tools, of keys, of each other. */
class PagesTest {
    private static final Map<String, String> PAGE_OF = Map.of(
            "core", "core.md",
            "postgres", "postgres.md",
            "citus", "citus.md",
            "tables", "citus.md",
            "patroni", "high-availability.md",
            "haproxy", "high-availability.md",
            "pgbouncer", "high-availability.md");

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+\\.(?:md|sql|py|yaml))\\)");

    @TempDir
    Path home = Path.of("");

    private static String page(String name) throws IOException {
        return Files.readString(Path.of("docs", name));
    }

    @Test
    void every_tool_stands_on_the_page_of_its_toolset() throws IOException {
        Set<String> missing = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("src/main/resources/catalogue.tsv"))) {
            String[] tool = line.split("\t", -1);
            String page = PAGE_OF.get(tool[0]);
            if (page != null && !page(page).contains("`" + tool[1] + "`")) {
                missing.add(page + " lacks " + tool[1]);
            }
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void every_page_is_reached_from_the_readme_and_every_link_leads_somewhere() throws IOException {
        Set<Path> reached = new TreeSet<>();
        follow(Path.of("README.md"), reached);
        try (var files = Files.list(Path.of("docs"))) {
            files.filter(file -> file.toString().endsWith(".md"))
                    .forEach(file -> assertTrue(reached.contains(file), file + " is linked from nowhere"));
        }
    }

    private static void follow(Path page, Set<Path> reached) throws IOException {
        assertTrue(Files.exists(page), page.toString());
        if (!reached.add(page) || !page.toString().endsWith(".md")) {
            return;
        }
        Path here = Objects.requireNonNullElse(page.getParent(), Path.of(""));
        for (var link : LINK.matcher(Files.readString(page)).results().toList()) {
            follow(here.resolve(link.group(1)).normalize(), reached);
        }
    }

    @Test
    void the_file_for_several_clusters_is_one_that_the_server_takes() throws IOException {
        String page = page("operations.md");
        int begin = page.indexOf("```yaml\n") + 8;
        Path file = home.resolve("several.yaml");
        Files.writeString(file, page.substring(begin, page.indexOf("```", begin)));
        Settings settings = Settings.load(new Inputs(
                List.of("--config=" + file, "--state-dir=" + home), Map.of(), home, home, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        assertEquals(Set.of("shop", "reports"), settings.clusters().keySet());
    }

    @Test
    void every_key_that_the_page_on_running_it_names_is_one() throws IOException {
        String keys = Files.readString(Path.of("docs/configuration.md"));
        var named = Pattern.compile("(?m)^\\| `([a-z_]+)`(?:, `([a-z_]+)`)? \\|").matcher(page("operations.md"));
        int seen = 0;
        while (named.find()) {
            for (int i = 1; i <= 2; i++) {
                String key = named.group(i);
                assertTrue(key == null || keys.contains("`" + key + "`"), key);
                seen++;
            }
        }
        assertTrue(seen > 4, "no key was found");
    }
}
