package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Identity;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;

/** What the metadata says of one table: its definition, its partitions, its indexes. */
record TableFacts(
        CitusTableInspector.Definition definition,
        long shardCount,
        long replicationFactor,
        List<String> schemas,
        List<String> names,
        List<Defined> indexes) {
    record Defined(String name, String definition, boolean unique, boolean valid, boolean withDistributionColumn) {}

    private record Facts(
            String owner,
            @Nullable String accessMethod,
            String replicaIdentity,
            @Nullable String primaryKey,
            List<String> references,
            List<String> referencedBy,
            long triggers,
            List<String> colocatedWith,
            long colocatedTables,
            long shardCount,
            long replicationFactor) {}

    private record Name(String schema, String name) {}

    private static final String FACTS = """
            SELECT pg_get_userbyid(shell.relowner) AS owner,
                   (SELECT amname::text FROM pg_am WHERE oid = shell.relam) AS access_method,
                   CASE shell.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'
                        ELSE 'index' END AS replica_identity,
                   (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = shell.oid AND contype = 'p')
                       AS primary_key,
                   (SELECT coalesce(array_agg(format('%s: %s', conname, pg_get_constraintdef(oid)) ORDER BY conname), '{}')
                      FROM pg_constraint WHERE conrelid = shell.oid AND contype = 'f') AS "references",
                   (SELECT coalesce(array_agg(format('%s: %s', conrelid::regclass, conname) ORDER BY 1), '{}')
                      FROM (SELECT * FROM pg_constraint WHERE confrelid = shell.oid AND contype = 'f'
                               AND conparentid = 0 ORDER BY conrelid::regclass::text, conname) AS coming) AS referenced_by,
                   (SELECT count(*) FROM pg_trigger WHERE tgrelid = shell.oid AND NOT tgisinternal
                       AND tgname NOT LIKE 'truncate\\_trigger\\_%') AS triggers,
                   (SELECT coalesce(array_agg(name), '{}') FROM (
                       SELECT other.logicalrelid::regclass::text AS name
                         FROM pg_dist_partition AS other JOIN pg_class AS rel ON rel.oid = other.logicalrelid
                        WHERE other.colocationid = part.colocationid AND part.colocationid <> 0
                          AND other.logicalrelid <> shell.oid AND NOT rel.relispartition
                        ORDER BY 1 LIMIT 20) AS others) AS colocated_with,
                   (SELECT count(*) FROM pg_dist_partition AS other JOIN pg_class AS rel ON rel.oid = other.logicalrelid
                     WHERE other.colocationid = part.colocationid AND part.colocationid <> 0
                       AND other.logicalrelid <> shell.oid AND NOT rel.relispartition) AS colocated_tables,
                   (SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = shell.oid) AS shard_count,
                   coalesce((SELECT max(copies) FROM (
                       SELECT count(*) AS copies FROM pg_dist_placement AS place
                         JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
                        WHERE shard.logicalrelid = shell.oid GROUP BY shard.shardid) AS each), 0) AS replication_factor
              FROM pg_class AS shell
              JOIN pg_dist_partition AS part ON part.logicalrelid = shell.oid
             WHERE shell.oid = ?::oid
            """;

    private static final String TREE = """
            SELECT space.nspname AS schema, shell.relname AS name
              FROM (SELECT ?::oid AS oid UNION SELECT relid FROM pg_partition_tree(?::oid::regclass)) AS tree
              JOIN pg_class AS shell ON shell.oid = tree.oid
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
             ORDER BY schema, name
            """;

    private static final String INDEXES = """
            SELECT rel.relname AS name, pg_get_indexdef(rel.oid) AS definition, def.indisunique AS "unique",
                   def.indisvalid AS valid,
                   EXISTS (SELECT FROM pg_attribute AS col
                            WHERE col.attrelid = def.indrelid AND col.attnum = ANY (def.indkey::int2[])
                              AND col.attname = ?) AS with_distribution_column
              FROM pg_index AS def
              JOIN pg_class AS rel ON rel.oid = def.indexrelid
             WHERE def.indrelid = ?::oid
             ORDER BY name
            """;

    static TableFacts of(Citus citus, Table table) {
        Facts facts = citus.sql().one(Facts.class, FACTS, table.oid());
        List<Name> tree = citus.sql().list(Name.class, TREE, table.oid(), table.oid());
        String why = whyNotMovable(citus, table);
        CitusTableInspector.Definition definition = new CitusTableInspector.Definition(
                facts.owner(),
                facts.accessMethod(),
                table.partitionOf(),
                tree.size() - 1L,
                facts.replicaIdentity(),
                facts.primaryKey(),
                why == null,
                why,
                facts.references(),
                facts.referencedBy(),
                facts.triggers(),
                facts.colocatedWith(),
                facts.colocatedTables());
        return new TableFacts(
                definition,
                facts.shardCount(),
                facts.replicationFactor(),
                tree.stream().map(Name::schema).toList(),
                tree.stream().map(Name::name).toList(),
                citus.sql().list(Defined.class, INDEXES, table.distributionColumn(), table.oid()));
    }

    private static @Nullable String whyNotMovable(Citus citus, Table table) {
        if (table.kind() == TableKind.REFERENCE) {
            return "every node has a copy, so there is nothing to move";
        }
        if (table.kind() == TableKind.CITUS_LOCAL) {
            return "it lies on the coordinator only";
        }
        List<String> stuck = Identity.missingInGroupOf(citus, table);
        if (stuck.isEmpty()) {
            return null;
        }
        String first = String.join(", ", stuck.subList(0, Math.min(5, stuck.size())));
        return "no replica identity or primary key on " + first
                + (stuck.size() > 5 ? " and " + (stuck.size() - 5) + " more" : "");
    }

    /** Where a node is silent, its shards are in none of the figures. */
    List<CitusTableInspector.Index> indexes(List<ShardFacts.IndexOnShards> told) {
        List<CitusTableInspector.Index> all = new ArrayList<>();
        for (Defined index : indexes) {
            List<ShardFacts.IndexOnShards> here =
                    told.stream().filter(one -> one.name().equals(index.name())).toList();
            all.add(new CitusTableInspector.Index(
                    index.name(),
                    index.definition(),
                    index.unique(),
                    index.valid(),
                    index.withDistributionColumn(),
                    here.stream().mapToLong(ShardFacts.IndexOnShards::bytes).sum(),
                    here.stream().mapToLong(ShardFacts.IndexOnShards::scans).sum(),
                    here.stream().mapToLong(ShardFacts.IndexOnShards::missing).sum(),
                    here.stream().mapToLong(ShardFacts.IndexOnShards::invalid).sum()));
        }
        return all;
    }
}
