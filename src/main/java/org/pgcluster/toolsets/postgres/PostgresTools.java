package org.pgcluster.toolsets.postgres;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code postgres}. A switch, so that a call loads its own tool and no other. */
public final class PostgresTools {
    private PostgresTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "execute_sql" -> new ExecuteSql();
            case "list_schemas" -> new ListSchemas();
            case "list_objects" -> new ListObjects();
            case "get_object_details" -> new GetObjectDetails();
            case "list_available_extensions" -> new ListAvailableExtensions();
            case "analyze_db_health" -> new AnalyzeDbHealth();
            case "analyze_slow_queries" -> new AnalyzeSlowQueries();
            case "recommend_indexes" -> new RecommendIndexes();
            case "postgres_stats" -> new PostgresStats();
            case "explain_query" -> new ExplainQuery();
            case "execute_change" -> new ExecuteChange();
            case "active_queries" -> new ActiveQueries();
            case "blocking_locks" -> new BlockingLocks();
            case "cancel_query" -> new CancelQuery();
            case "create_index" -> new CreateIndex();
            case "drop_index" -> new DropIndex();
            case "drop_replication_slot" -> new DropReplicationSlot();
            case "rollback_prepared" -> new RollbackPrepared();
            default -> null;
        };
    }
}
