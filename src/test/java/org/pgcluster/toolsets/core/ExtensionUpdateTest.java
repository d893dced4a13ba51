package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;

/** A worker whose extension is really the one before: its own objects, not only another word in the catalogue. */
@Tag("lab")
@Tag("slow")
class ExtensionUpdateTest {
    /** What the extension brought, and what Citus knows of the cluster; roles are marked anew by the update itself. */
    private static final List<String> STATE = List.of(
            "SELECT extversion FROM pg_extension WHERE extname = 'citus'",
            "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE deptype = 'e'"
                    + " AND refclassid = 'pg_extension'::regclass"
                    + " AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'citus') ORDER BY 1",
            "SELECT attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute"
                    + " WHERE attrelid::regclass::text ~ '^pg_dist_' AND attnum > 0 AND NOT attisdropped ORDER BY 1",
            "SELECT tgrelid::regclass || ' ' || count(*) FROM pg_trigger GROUP BY tgrelid ORDER BY 1",
            "SELECT deptype::text || ' ' || count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass"
                    + " GROUP BY deptype ORDER BY 1",
            "SELECT node::text FROM pg_dist_node AS node ORDER BY 1",
            "SELECT part::text FROM pg_dist_partition AS part ORDER BY 1",
            "SELECT shard::text FROM pg_dist_shard AS shard ORDER BY 1",
            "SELECT placement::text FROM pg_dist_placement AS placement ORDER BY 1",
            "SELECT groups::text FROM pg_dist_colocation AS groups ORDER BY 1",
            "SELECT object::text FROM pg_dist_object AS object" + " WHERE classid <> 'pg_authid'::regclass ORDER BY 1",
            "SELECT local::text FROM pg_dist_local_group AS local",
            "SELECT count(*)::text FROM orders");

    @TempDir
    Path folder;

    private Diagnosing estate;
    private String worker = "";

    @BeforeEach
    void up() throws IOException, SQLException {
        estate = Diagnosing.on("extensionupdate", 3, folder);
        worker = Objects.requireNonNull(estate.variables().get("LAB_WORKER_DSNS"))
                .split(",", 2)[0];
        Assumptions.assumeTrue(
                !read(
                                worker,
                                "SELECT source FROM pg_extension_update_paths('citus')"
                                        + " JOIN pg_extension ON extversion = target WHERE extname = 'citus' AND source < target AND path NOT LIKE '%--%--%'")
                        .isEmpty(),
                "the Citus that is installed brings no older version of its extension");
    }

    @AfterEach
    void down() throws IOException {
        if (estate != null) {
            estate.close();
        }
    }

    @Test
    void the_command_of_the_health_finding_updates_the_worker() throws Exception {
        mends("citus.extension_differs", Diagnosing::health);
    }

    @Test
    void the_command_of_the_advisor_updates_the_worker() throws Exception {
        mends("citus.extension_behind", lab -> lab.call("citus_advisor", Map.of("focus", "upgrade")));
    }

    private void mends(String finding, Function<Diagnosing, Answer> told) throws Exception {
        estate.isSilent();
        List<String> before = state();
        estate.breaks("version-drift");
        try {
            assertNotEquals(before.get(0), state().get(0));
            assertNotEquals(before.subList(1, before.size()), state().subList(1, state().size()), "its objects, too");
            List<Map<?, ?>> found = Lab.rows(told.apply(estate), "findings").stream()
                    .filter(one -> finding.equals(one.get("id")))
                    .toList();
            assertEquals(1, found.size(), found.toString());
            String command = String.valueOf(found.get(0).get("by_hand"));
            URI address = URI.create(worker);
            assertEquals(
                    "ALTER EXTENSION citus UPDATE (on " + address.getHost() + ":" + address.getPort() + ")", command);
            new Hands(estate.variables()).run(command);
            assertEquals(before, state());
            assertTrue(
                    Lab.rows(told.apply(estate), "findings").stream().noneMatch(one -> finding.equals(one.get("id"))));
            estate.isSilent();
        } finally {
            estate.heals();
        }
        assertEquals(before, state());
    }

    private List<String> state() throws SQLException {
        List<String> all = new ArrayList<>();
        for (String one : STATE) {
            all.addAll(read(worker, one));
        }
        return all;
    }

    private static List<String> read(String dsn, String sql) throws SQLException {
        URI address = URI.create(dsn);
        String[] login = address.getUserInfo().split(":", 2);
        String url = "jdbc:postgresql://" + address.getHost() + ":" + address.getPort() + address.getPath();
        try (Connection connection = DriverManager.getConnection(url, login[0], login[1]);
                Statement statement = connection.createStatement()) {
            statement.execute("SET citus.enable_version_checks = off");
            List<String> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery(sql)) {
                while (result.next()) {
                    rows.add(String.valueOf(result.getString(1)));
                }
            }
            return rows;
        }
    }
}
