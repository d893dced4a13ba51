package org.pgcluster.toolsets.citus;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.TableKind;

/** Which tables a plan's shards belong to, and by which column they are distributed. */
final class ExplainTables {
    record ShardTable(
            long shardId,
            String schema,
            String name,
            TableKind kind,
            @Nullable String keyColumn,
            @Nullable String keyType,
            int colocationId,
            long shards) {
        String inWords() {
            String how = keyColumn == null
                    ? kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ')
                    : "by " + keyColumn + ", " + Parts.many(shards, "shard");
            return schema + "." + name + " (" + how + ")";
        }
    }

    private static final String TABLES = """
            SELECT {shard} AS shard_id, space.nspname AS schema, shell.relname AS name, {kind} AS kind,
                   col.attname AS key_column, format_type(col.atttypid, col.atttypmod) AS key_type,
                   part.colocationid AS colocation_id,
                   (SELECT count(*) FROM pg_dist_shard AS every WHERE every.logicalrelid = shell.oid) AS shards
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
              LEFT JOIN pg_attribute AS col ON col.attrelid = shell.oid AND part.partkey IS NOT NULL
                   AND col.attname = column_to_column_name(shell.oid, part.partkey)
            """;

    private static final String OF_SHARDS = TABLES.replace("{shard}", "shard.shardid") + """
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
             WHERE shard.shardid = ANY (?::bigint[])
             ORDER BY shard.shardid
            """;

    private static final String NAMED = TABLES.replace("{shard}", "0::bigint") + """
             WHERE shell.relname = ANY (?::text[]) AND NOT shell.relispartition
             ORDER BY schema, name
             LIMIT 12
            """;

    private ExplainTables() {}

    static Map<Long, ShardTable> ofShards(Citus citus, List<Long> shardIds) {
        Map<Long, ShardTable> tables = new LinkedHashMap<>();
        if (!shardIds.isEmpty()) {
            citus.sql()
                    .list(ShardTable.class, citus.forThisVersion(OF_SHARDS), shardIds)
                    .forEach(table -> tables.put(table.shardId(), table));
        }
        return tables;
    }

    /** Tables whose names stand among these words: as much as can be known of a statement that has no plan. */
    static List<ShardTable> named(Citus citus, List<String> words) {
        return citus.sql().list(ShardTable.class, citus.forThisVersion(NAMED), words);
    }
}
