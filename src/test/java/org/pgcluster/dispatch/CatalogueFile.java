package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Tool;
import org.pgcluster.toolsets.citus.CitusTools;
import org.pgcluster.toolsets.core.CoreTools;
import org.pgcluster.toolsets.haproxy.HaproxyTools;
import org.pgcluster.toolsets.patroni.PatroniTools;
import org.pgcluster.toolsets.pgbouncer.PgbouncerTools;
import org.pgcluster.toolsets.postgres.PostgresTools;
import org.pgcluster.toolsets.tables.TablesTools;

/** Writes the catalogue from the tools themselves: the one place where a tool's place in the list is decided. */
final class CatalogueFile {
    private static final List<String> CORE = List.of(
            "ping",
            "server_info",
            "list_clusters",
            "cluster_health",
            "cluster_topology",
            "operation_status",
            "operation_cancel",
            "citus_request_approval_token");
    private static final List<String> POSTGRES = List.of(
            "execute_sql",
            "list_schemas",
            "list_objects",
            "get_object_details",
            "explain_query",
            "active_queries",
            "blocking_locks",
            "analyze_slow_queries",
            "recommend_indexes",
            "analyze_db_health",
            "postgres_stats",
            "list_available_extensions",
            "execute_change",
            "cancel_query",
            "create_index",
            "drop_index",
            "drop_replication_slot",
            "rollback_prepared");
    private static final List<String> PATRONI = List.of(
            "patroni_cluster_status",
            "patroni_member_list",
            "patroni_replication_lag",
            "patroni_history",
            "patroni_config",
            "patroni_failover",
            "patroni_pause",
            "patroni_restart",
            "patroni_reinitialize",
            "patroni_edit_config");
    private static final List<String> HAPROXY =
            List.of("haproxy_backend_health", "haproxy_connection_stats", "haproxy_set_server_state");
    private static final List<String> PGBOUNCER = List.of("pgbouncer_status", "pgbouncer_control");

    private static final List<String> CITUS = List.of(
            "citus_cluster_summary",
            "list_nodes",
            "citus_list_distributed_tables",
            "list_distributed_tables",
            "list_shards",
            "citus_table_inspector",
            "citus_colocation_inspector",
            "citus_shard_distribution",
            "citus_worker_health",
            "citus_schemas",
            "citus_activity",
            "citus_lock_inspector",
            "citus_job_inspector",
            "citus_rebalance_status",
            "citus_connections",
            "citus_shard_heatmap",
            "citus_shard_skew_report",
            "citus_distributed_query_stats",
            "citus_explain_query",
            "citus_validate_rebalance_prereqs",
            "citus_rebalance_plan",
            "citus_move_shard_plan",
            "citus_lost_node_report",
            "citus_leftovers",
            "citus_advisor",
            "citus_snapshot_source_advisor",
            "citus_rebalance_execute",
            "citus_rebalance_shards",
            "citus_move_shard_execute",
            "citus_job_cancel",
            "citus_drain_node",
            "citus_set_node_property",
            "citus_add_node",
            "citus_activate_node",
            "citus_disable_node",
            "citus_remove_node",
            "citus_update_node",
            "citus_isolate_tenant",
            "citus_split_shard",
            "citus_move_schema",
            "citus_cleanup_orphaned",
            "citus_recover_transactions",
            "citus_sync_metadata",
            "citus_replicate_reference_tables",
            "citus_set_coordinator_host",
            "citus_create_restore_point");

    private static final List<String> TABLES = List.of(
            "list_table_types",
            "advise_distribution",
            "create_reference_table",
            "convert_to_local",
            "distribute_schema",
            "convert_to_distributed");

    private CatalogueFile() {}

    static String text() {
        StringBuilder text = new StringBuilder();
        CORE.forEach(name -> text.append(line("core", CoreTools.named(name))));
        POSTGRES.forEach(name -> text.append(line("postgres", PostgresTools.named(name))));
        CITUS.forEach(name -> text.append(line("citus", CitusTools.named(name))));
        TABLES.forEach(name -> text.append(line("tables", TablesTools.named(name))));
        PATRONI.forEach(name -> text.append(line("patroni", PatroniTools.named(name))));
        HAPROXY.forEach(name -> text.append(line("haproxy", HaproxyTools.named(name))));
        PGBOUNCER.forEach(name -> text.append(line("pgbouncer", PgbouncerTools.named(name))));
        return text.toString();
    }

    static List<Tool<?, ?>> all() {
        List<Tool<?, ?>> tools = new ArrayList<>();
        CORE.forEach(name -> tools.add(Objects.requireNonNull(CoreTools.named(name))));
        POSTGRES.forEach(name -> tools.add(Objects.requireNonNull(PostgresTools.named(name))));
        CITUS.forEach(name -> tools.add(Objects.requireNonNull(CitusTools.named(name))));
        TABLES.forEach(name -> tools.add(Objects.requireNonNull(TablesTools.named(name))));
        PATRONI.forEach(name -> tools.add(Objects.requireNonNull(PatroniTools.named(name))));
        HAPROXY.forEach(name -> tools.add(Objects.requireNonNull(HaproxyTools.named(name))));
        PGBOUNCER.forEach(name -> tools.add(Objects.requireNonNull(PgbouncerTools.named(name))));
        return tools;
    }

    private static String line(String toolset, @Nullable Tool<?, ?> named) {
        Tool<?, ?> tool = Objects.requireNonNull(named);
        Declaration<?, ?> declared = tool.declaration();
        return String.join(
                        "\t",
                        toolset,
                        declared.name(),
                        declared.kind().name(),
                        declared.reach().name(),
                        ascii(json(tool)))
                + "\n";
    }

    /** Characters that need no decoding are read fastest; a client sees no difference. */
    private static String ascii(String json) {
        StringBuilder escaped = new StringBuilder(json.length());
        json.chars().forEach(each -> escaped.append(each < 0x80 ? Character.toString(each) : unicode(each)));
        return escaped.toString();
    }

    private static String unicode(int each) {
        return String.format("\\u%04x", each);
    }

    static <I extends Record, O extends Record & InWords> String json(Tool<I, O> tool) {
        Declaration<I, O> declared = tool.declaration();
        boolean act = tool instanceof Acts;
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", declared.name());
        json.put("title", declared.title());
        json.put("description", declared.description());
        json.put("inputSchema", input(declared, act));
        json.put("outputSchema", act ? ofAct(declared) : declared.output().outputSchema());
        json.put("annotations", annotations(declared));
        return JsonText.write(json);
    }

    private static Map<String, Object> annotations(Declaration<?, ?> declared) {
        Map<String, Object> annotations = new LinkedHashMap<>();
        annotations.put("readOnlyHint", declared.kind() == Declaration.Kind.READS);
        annotations.put("destructiveHint", declared.kind() == Declaration.Kind.DESTROYS);
        annotations.put("idempotentHint", declared.kind() == Declaration.Kind.READS);
        annotations.put("openWorldHint", false);
        return annotations;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> input(Declaration<?, ?> declared, boolean act) {
        Map<String, Object> schema = new LinkedHashMap<>(declared.input().schema());
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        ((Map<String, Map<String, Object>>) schema.getOrDefault("properties", Map.of()))
                .forEach((name, property) -> properties.put(name, thrifty(property)));
        required.addAll((List<String>) schema.getOrDefault("required", List.of()));
        if (act) {
            properties.put("approval_token", text("As approved"));
            Map<String, Object> dryRun = new LinkedHashMap<>();
            dryRun.put("type", "boolean");
            dryRun.put("description", "Plan only");
            properties.put("dry_run", dryRun);
        }
        schema.put("properties", properties);
        schema.put("required", required);
        // Clients pay for every word of the list in every conversation; an unknown argument is refused by name anyway.
        schema.remove("additionalProperties");
        return schema;
    }

    /** That a switch is off where nobody mentions it needs no words. */
    private static Map<String, Object> thrifty(Map<String, Object> property) {
        Map<String, Object> said = new LinkedHashMap<>(property);
        said.remove("default", false);
        return said;
    }

    private static Map<String, Object> text(String says) {
        Map<String, Object> text = new LinkedHashMap<>();
        text.put("type", "string");
        text.put("description", says);
        return text;
    }

    private static Map<String, Object> ofAct(Declaration<?, ?> declared) {
        Map<String, Object> properties = new LinkedHashMap<>();
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("type", "string");
        status.put("enum", List.of("planned", "approval_required", "running", "done"));
        properties.put("status", status);
        properties.put("plan", Map.of("type", "object"));
        properties.put("request", Map.of("type", "object"));
        properties.put("operation", Map.of("type", "string"));
        properties.put("result", declared.output().outputSchema());
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", List.of("status"));
        return schema;
    }
}
