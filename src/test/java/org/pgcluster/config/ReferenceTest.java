package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example and the documentation come from the list of keys; -Dsnapshots.update=true writes them anew. */
class ReferenceTest {
    @Test
    void the_example_shows_every_key() throws IOException {
        var text =
                new StringBuilder("# pgcluster-mcp. Every key with its default; all but the first may be left out.\n");
        text.append("# Copy to ~/.config/pgcluster-mcp/config.yaml. ${VAR} is replaced; NAME_file reads a secret.\n");
        text.append("# Several clusters: put the keys that say `cluster` under clusters: and a name.\n");
        for (var key : Keys.ALL) {
            text.append("\n# ")
                    .append(key.help())
                    .append(key.perCluster() ? " (cluster)" : "")
                    .append('\n');
            var example = key.equals(Keys.COORDINATOR_DSN)
                    ? "postgres://mcp_user@localhost:5432/postgres"
                    : "# "
                            .concat(key.name())
                            .concat(": ")
                            .concat(key.fallback())
                            .strip();
            text.append(key.equals(Keys.COORDINATOR_DSN) ? "coordinator_dsn: " : "")
                    .append(nested(example))
                    .append('\n');
        }
        compare(Path.of("config.example.yaml"), text.toString());
    }

    private static String nested(String example) {
        return example.startsWith("# expect.") ? "# expect: {" + example.substring(9) + " …}" : example;
    }

    @Test
    void the_documentation_names_every_key() throws IOException {
        var text = new StringBuilder(
                "# Configuration\n\nA flag wins over a variable, a variable over the file, the file over the");
        text.append(" default. `pgcluster-mcp config` prints what is in force and where it came from.\n\n");
        text.append(
                "Every key is a flag (`--max-rows`), a variable (`PGCLUSTER_MCP_MAX_ROWS`, then `CITUS_MCP_MAX_ROWS`) and a");
        text.append(
                " key of the file. A secret `NAME` can also be read from the file that `NAME_file` names, and every value may");
        text.append(" use `${VAR}`; a literal `${` is written `$${`.\n");
        table(text, "A cluster's keys", true);
        table(text, "The server's keys", false);
        compare(Path.of("docs/configuration.md"), text.toString());
    }

    private static void table(StringBuilder text, String title, boolean perCluster) {
        text.append("\n## ").append(title).append("\n\n| key | default | meaning | also |\n|---|---|---|---|\n");
        for (var key : Keys.ALL) {
            if (key.perCluster() == perCluster) {
                text.append("| `").append(key.name()).append("` | ");
                text.append(key.fallback().isEmpty() ? "–" : "`" + key.fallback() + "`")
                        .append(" | ");
                text.append(key.help())
                        .append(" | ")
                        .append(String.join(", ", also(key)))
                        .append(" |\n");
            }
        }
    }

    private static List<String> also(Key<?> key) {
        var names = new java.util.ArrayList<String>();
        key.variables().forEach(name -> names.add("`" + name + "`"));
        if (!key.otherName().isEmpty()) {
            names.add("`" + key.otherName() + "`");
        }
        if (key.secret()) {
            names.add("`" + key.name() + "_file`");
        }
        return names;
    }

    private static void compare(Path file, String expected) throws IOException {
        if (Boolean.getBoolean("snapshots.update")) {
            var folder = file.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            Files.writeString(file, expected);
        }
        assertEquals(expected, Files.readString(file), "write it anew with -Dsnapshots.update=true");
    }
}
