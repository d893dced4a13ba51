package org.pgcluster.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lab is what it says: every address answers, and its sample data has something to find. */
@Tag("lab")
class LabIT {
    @TempDir
    Path folder = Path.of("");

    @Test
    void every_address_that_it_prints_answers() throws Exception {
        Lab.require();
        var databases = Stream.concat(
                Stream.of("LAB_DSN", "LAB_DIRECT_DSN", "LAB_RO_DSN", "LAB_USER_DSN", "LAB_ADMIN_DSN", "LAB_OWNER_DSN")
                        .map(Lab::address),
                Stream.of(Lab.address("LAB_WORKER_DSNS").split(",", -1)).filter(dsn -> !dsn.isEmpty()));
        for (var dsn : databases.toList()) {
            try (var connection = Lab.connect(dsn)) {
                assertEquals("app", Lab.one(connection, "SELECT current_database()"));
            }
        }
        for (var member : List.of(Lab.address("LAB_PATRONI_ALL").split(",", -1))) {
            assertEquals(200, get(member + "/health", ""), member);
        }
        var page = Lab.address("LAB_HAPROXY");
        assertEquals(401, get(page, ""));
        assertEquals(200, get(page, Lab.address("LAB_HAPROXY_USER") + ":" + Lab.address("LAB_HAPROXY_PASSWORD")));
        assertEquals(200, get(Lab.address("LAB_ETCD") + "/health", ""));
    }

    private static int get(String url, String credentials) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url));
        if (!credentials.isEmpty()) {
            var encoded = Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + encoded);
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "distributed and co-located | SELECT count(*) FROM citus_tables WHERE table_name::text IN ('tenants', 'orders', 'order_lines') GROUP BY colocation_id | 3",
                "reference      | SELECT count(*) FROM citus_tables WHERE citus_table_type = 'reference' | 1",
                "single-shard   | SELECT count(*) FROM citus_tables WHERE table_name::text = 'settings' AND shard_count = 1 AND distribution_column = '<none>' | 1",
                "schemas        | SELECT count(*) FROM citus_schemas | 2",
                "columnar       | SELECT count(*) FROM pg_class JOIN pg_am ON pg_am.oid = relam WHERE amname = 'columnar' AND relname = 'archive' | 1",
                "partitioned    | SELECT count(*) > 5 FROM pg_inherits WHERE inhparent = 'readings'::regclass | t",
                "local          | SELECT count(*) FROM pg_class WHERE relname = 'invoices' AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition) | 1",
                "no primary key | SELECT count(*) FROM pg_index WHERE indrelid = 'clicks'::regclass AND indisprimary | 0",
                "skew           | SELECT max(n) > 100 * min(n) FROM (SELECT count(*) AS n FROM orders GROUP BY tenant_id) AS t | t",
                "logins         | SELECT count(*) FROM pg_roles WHERE rolname IN ('mcp_user', 'dpg_cluster') AND NOT rolsuper | 2",
            })
    void its_data_has_something_to_find(String what, String sql, String expected) throws Exception {
        Lab.requireCitus();
        try (var connection = Lab.connect(Lab.address("LAB_DSN"))) {
            assertEquals(expected, Lab.one(connection, sql), what);
        }
    }

    @Test
    void a_lab_whose_processes_are_gone_is_called_dead_and_ended() throws Exception {
        Lab.require();
        var home = Map.of("LAB_HOME", folder.toString());
        Path dead = Files.createDirectory(folder.resolve("dead"));
        Files.writeString(
                dead.resolve("state.json"),
                "{\"members\": [], \"ports\": {}, \"passwords\": {}, \"citus\": true, \"bin_dir\": null, \"ready\": true}");
        var asked = Lab.run(home, "lab/lab", "env", "--name", "dead");
        assertNotEquals(0, asked.code());
        assertTrue(asked.text().contains("none of its processes lives"), asked.text());
        assertEquals(0, Lab.run(home, "lab/lab", "down", "--name", "dead").code());
        assertTrue(Files.notExists(dead));
    }

    @Test
    void the_demo_prints_an_entry_that_works_and_keeps_it_on_a_second_run() throws Exception {
        Lab.require();
        // PostgreSQL's own user must be able to come here.
        var temporary = Lab.run(Map.of(), "mktemp", "-d", "/tmp/pgcluster-demo-XXXXXX")
                .text()
                .strip();
        Lab.run(Map.of(), "chmod", "755", temporary);
        try {
            var first = Lab.run(Map.of("TMPDIR", temporary), "./demo", "--built", "--plain");
            assertEquals(0, first.code(), first.text());
            assertTrue(first.text().contains("PostgreSQL 17"), first.text());
            var second = Lab.run(Map.of("TMPDIR", temporary), "./demo", "--built", "--plain");
            assertEquals(entry(first.text()), entry(second.text()));
            Files.writeString(folder.resolve("entry.json"), entry(first.text()));
            var pasted = Lab.run(
                    Map.of(), "python3", "-c", """
                    import json, os, sys
                    entry = json.load(open(sys.argv[1]))["mcpServers"]["pgcluster"]
                    os.environ.update(entry["env"])
                    os.execv("lab/ask", ["lab/ask", "ping", "--", entry["command"], *entry["args"]])
                    """, folder.resolve("entry.json").toString());
            assertEquals(0, pasted.code(), pasted.text());
            assertTrue(pasted.text().contains("pong"), pasted.text());
            String end = first.text().lines().reduce("", (before, line) -> line);
            var ended = Lab.run(Map.of(), "bash", "-c", end.substring(end.indexOf("end it with: ") + 13));
            assertEquals(0, ended.code(), ended.text());
            assertEquals("", Lab.run(Map.of(), "ls", temporary).text());
        } finally {
            Lab.run(Map.of("TMPDIR", temporary), "bash", "-c", "lab/single down $TMPDIR/pgcluster-demo-$(id -u)");
            Lab.run(Map.of(), "rm", "-rf", temporary);
        }
    }

    private static String entry(String text) {
        return text.substring(text.indexOf("{\n  \"mcpServers\""), text.lastIndexOf('}') + 1);
    }
}
