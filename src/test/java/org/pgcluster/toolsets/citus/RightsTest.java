package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.psql;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;

/** What the two logins of {@code docs/roles.sql} may do on Citus: the reader everything, the actor what the plan says. */
@Tag("lab")
class RightsTest {
    @TempDir
    Path state;

    /**
     * Numbers that move between two calls count as the same; a missing row, column or node does not. Settings that
     * docs/roles.sql gives the reader are its own.
     */
    private static String shape(Answer answer) {
        assertFalse(answer.isError(), answer.text());
        return answer.text()
                .replaceAll("\\|citus\\.(max_cached_conns_per_worker|node_connection_timeout)\\|.*\n", "")
                .replaceAll("[0-9]+(\\.[0-9]+)?", "#")
                .replaceAll("#( [kMGT]?B|%)", "#");
    }

    private static Object token(Answer filed) {
        return Objects.requireNonNull(filed.structured().get("token"), filed.text());
    }

    @Test
    void the_reader_is_told_as_much_as_a_superuser() throws SQLException {
        try (CitusLab reader = CitusLab.user(state);
                CitusLab superuser = CitusLab.as(CitusLab.address("LAB_DSN"), state)) {
            Map<String, String> read = new TreeMap<>();
            Map<String, String> known = new TreeMap<>();
            for (var one : Inspections.filled()) {
                if (!one.tool().equals("citus_activity") && !one.tool().equals("citus_connections")) {
                    read.put(one.tool(), shape(reader.ask(one.tool(), one.given())));
                    known.put(one.tool(), shape(superuser.ask(one.tool(), one.given())));
                } else {
                    Answer answer = reader.ask(one.tool(), one.given());
                    assertFalse(answer.text().contains("insufficient privilege"), answer.text());
                    assertEquals(List.of(), answer.structured().get("unavailable"), one.tool());
                }
            }
            assertEquals(known, read);
        }
    }

    /** It is let in everywhere and may nothing, so that what the server hides must not become a figure or a verdict. */
    @Test
    void a_role_without_any_right_is_told_what_is_hidden_instead_of_a_zero() throws SQLException {
        psql("DROP ROLE IF EXISTS bare");
        psql("CREATE ROLE bare LOGIN PASSWORD 'bare'");
        psql("INSERT INTO pg_dist_authinfo VALUES (0, 'bare', 'password=bare')");
        String dsn = CitusLab.address("LAB_USER_DSN").replaceFirst("//[^@]+@", "//bare:bare@");
        try (CitusLab bare = CitusLab.as(dsn, state)) {
            Map<?, ?> connections = bare.call("citus_connections");
            assertEquals(List.of(), connections.get("unavailable"));
            for (Map<?, ?> node : CitusLab.rows(connections, "nodes")) {
                assertNull(node.get("active"), node.toString());
                assertTrue(CitusLab.number(node.get("used")) > 0, node.toString());
            }
            assertTrue(String.valueOf(connections.get("note")).contains("pg_read_all_stats"));
            Map<?, ?> ready = bare.call("citus_validate_rebalance_prereqs", "table", "orders");
            assertEquals(List.of(), ready.get("unavailable"));
            assertTrue(
                    CitusLab.rows(ready, "checks").stream().anyMatch(one -> "unknown".equals(one.get("verdict"))),
                    ready.toString());
            Map<?, ?> skew = bare.call("citus_shard_skew_report", "include_top_shards", true);
            assertTrue(
                    CitusLab.rows(skew, "top_shards").stream()
                            .allMatch(one -> String.valueOf(one.get("advice")).contains("may not SELECT")),
                    skew.toString());
            if (CitusLab.splitsByClones()) {
                Answer source = bare.ask("citus_snapshot_source_advisor");
                assertTrue(source.text().contains("Standbys are hidden"), source.text());
            }
        } finally {
            psql("DELETE FROM pg_dist_authinfo WHERE rolename = 'bare'");
            psql("DROP ROLE bare");
        }
    }

    private static CitusLab actor(Path state) {
        return CitusLab.as(
                CitusLab.address("LAB_USER_DSN"),
                state,
                "--admin-dsn=" + CitusLab.address("LAB_ADMIN_DSN"),
                "--mode=admin",
                "--allow-execute=true",
                "--approval=self");
    }

    private static String planned(CitusLab lab, String act, Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("dry_run", true));
        return lab.ask(act, all.toArray()).text();
    }

    @Test
    void what_the_actor_may_not_do_is_said_in_the_plan_with_what_would_allow_it() throws SQLException {
        String node =
                psql("SELECT min(nodeid) FROM pg_dist_node WHERE groupid > 0").get(0);
        try (CitusLab lab = actor(state)) {
            for (String act : List.of("citus_activate_node", "citus_sync_metadata")) {
                String plan = planned(lab, act, "node", node);
                assertTrue(plan.contains("Citus asks for a superuser"), act + ": " + plan);
            }
            assertTrue(planned(lab, "citus_create_restore_point", "name", "x").contains("asks for a superuser"));
            assertTrue(planned(lab, "citus_add_node", "host", "127.0.0.1", "port", 1)
                    .contains("asks for a superuser"));
            String drain = planned(lab, "citus_drain_node", "node", node, "shard_transfer_mode", "block_writes");
            assertTrue(drain.contains("GRANT EXECUTE ON FUNCTION citus_set_node_property"), drain);
            assertTrue(drain.contains("TO dpg_cluster"), drain);
            String property = planned(lab, "citus_set_node_property", "node", node, "should_have_shards", false);
            assertTrue(property.contains("citus_set_node_property(text,integer,text,boolean)"), property);
            assertTrue(property.contains("GRANT UPDATE ON pg_dist_node"), property);
            String recover = planned(lab, "citus_recover_transactions");
            assertTrue(recover.contains("recover_prepared_transactions()"), recover);
        }
    }

    /** As the owner of the tables that docs/roles.sql was told of. */
    @Test
    void a_grant_that_the_plan_names_is_enough() throws SQLException {
        psql("GRANT EXECUTE ON FUNCTION recover_prepared_transactions() TO dpg_cluster");
        try (CitusLab lab = actor(state)) {
            Answer filed = lab.ask("citus_request_approval_token", "action", "citus_recover_transactions");
            assertFalse(filed.isError(), filed.text());
            Answer done = lab.ask("citus_recover_transactions", "approval_token", token(filed));
            assertEquals("done", done.structured().get("status"), done.text());
        } finally {
            psql("REVOKE EXECUTE ON FUNCTION recover_prepared_transactions() FROM dpg_cluster");
        }
    }

    @Test
    void the_actor_moves_what_it_owns_and_is_told_what_it_does_not() throws SQLException {
        String shard = psql("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass")
                .get(0);
        String from = psql("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = "
                        + shard)
                .get(0);
        String to = psql("SELECT min(nodeid) FROM pg_dist_node WHERE groupid > 0 AND nodeid <> " + from)
                .get(0);
        try (CitusLab lab = actor(state)) {
            for (String target : List.of(to, from)) {
                Answer filed = lab.ask(
                        "citus_request_approval_token",
                        "action",
                        "citus_move_shard_execute",
                        "arguments",
                        Map.of("shard_id", Long.valueOf(shard), "target_host", target));
                assertFalse(filed.isError(), filed.text());
                Answer moved = lab.ask(
                        "citus_move_shard_execute",
                        "shard_id",
                        Long.valueOf(shard),
                        "target_host",
                        target,
                        "approval_token",
                        token(filed));
                assertTrue(moved.text().contains("3 shards moved"), moved.text());
                psql("CALL citus_cleanup_orphaned_resources()");
            }
            psql("ALTER TABLE order_lines OWNER TO postgres");
            try {
                String plan =
                        planned(lab, "citus_move_shard_execute", "shard_id", Long.valueOf(shard), "target_host", to);
                assertTrue(plan.contains("order_lines; a superuser grants"), plan);
            } finally {
                psql("ALTER TABLE order_lines OWNER TO app");
            }
        }
    }
}
