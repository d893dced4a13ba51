package org.pgcluster.toolsets.tables;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;

/** What decides whether a table can be distributed, and by what. */
record ConversionFacts(Shell shell, List<Column> columns, List<Key> keys, List<Link> links, List<Distributed> known) {
    record Shell(
            long bytes,
            long rows,
            boolean rowSecurity,
            boolean inherits,
            List<String> triggers,
            List<String> views,
            List<String> identityColumns) {}

    record Column(
            String name,
            String type,
            boolean hashable,
            boolean generated,
            boolean indexed,
            boolean inForeignKey,
            @Nullable Double distinct,
            @Nullable Double nullPercent,
            @Nullable Double topPercent) {}

    /** A primary key, unique or exclusion constraint, or unique index. */
    record Key(String name, List<String> columns) {}

    /** A foreign key by one of its column pairs; {@code distributed} where the other side's column is its key. */
    record Link(
            String name,
            String column,
            String other,
            String otherColumn,
            boolean outgoing,
            boolean reference,
            boolean distributed) {}

    /** A table that is distributed by hash, and its key. */
    record Distributed(String name, String column, String type) {}

    private static final String SHELL = """
            SELECT CASE WHEN EXISTS (SELECT FROM pg_locks AS held
                                      WHERE held.relation = shell.oid AND held.mode = 'AccessExclusiveLock') THEN 0
                        ELSE coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(shell.oid)),
                                      pg_total_relation_size(shell.oid)) END::bigint AS bytes,
                   greatest(0, coalesce((SELECT sum(leaf.reltuples) FROM pg_partition_tree(shell.oid) AS tree
                                           JOIN pg_class AS leaf ON leaf.oid = tree.relid WHERE leaf.relkind = 'r'),
                                        shell.reltuples))::bigint AS rows,
                   shell.relrowsecurity AS row_security,
                   EXISTS (SELECT FROM pg_inherits WHERE (inhrelid = shell.oid AND NOT shell.relispartition)
                               OR (inhparent = shell.oid AND shell.relkind <> 'p')) AS inherits,
                   (SELECT coalesce(array_agg(tgname::text ORDER BY tgname), '{}') FROM pg_trigger
                     WHERE tgrelid = shell.oid AND NOT tgisinternal
                       AND tgname NOT LIKE 'truncate\\_trigger\\_%') AS triggers,
                   (SELECT coalesce(array_agg(DISTINCT rule.ev_class::regclass::text), '{}')
                      FROM pg_depend AS dep JOIN pg_rewrite AS rule ON rule.oid = dep.objid
                     WHERE dep.refobjid = shell.oid AND dep.classid = 'pg_rewrite'::regclass
                       AND rule.ev_class <> shell.oid) AS views,
                   (SELECT coalesce(array_agg(attname::text ORDER BY attnum), '{}') FROM pg_attribute
                     WHERE attrelid = shell.oid AND attidentity <> '' AND NOT attisdropped) AS identity_columns
              FROM pg_class AS shell WHERE shell.oid = ?::oid
            """;

    private static final String COLUMNS = """
            SELECT col.attname AS name, format_type(col.atttypid, col.atttypmod) AS type,
                   EXISTS (SELECT FROM pg_opclass AS class JOIN pg_am AS method ON method.oid = class.opcmethod
                             JOIN pg_type AS typ ON typ.oid = col.atttypid
                            WHERE method.amname = 'hash' AND class.opcdefault
                              AND (class.opcintype = typ.oid
                                   OR (class.opcintype = 'text'::regtype AND typ.oid = 'varchar'::regtype)
                                   OR (class.opcintype = 'anyenum'::regtype AND typ.typtype = 'e'))
                              AND typ.oid NOT IN ('float4'::regtype, 'float8'::regtype, 'jsonb'::regtype, 'bool'::regtype))
                       AS hashable,
                   col.attgenerated <> '' AS generated,
                   EXISTS (SELECT FROM pg_index WHERE indrelid = col.attrelid AND indkey[0] = col.attnum) AS indexed,
                   EXISTS (SELECT FROM pg_constraint WHERE conrelid = col.attrelid AND contype = 'f'
                              AND col.attnum = ANY (conkey)) AS in_foreign_key,
                   CASE WHEN stats.n_distinct >= 0 THEN stats.n_distinct
                        ELSE -stats.n_distinct * greatest(0, shell.reltuples) END AS distinct,
                   round((stats.null_frac * 100)::numeric, 1) AS null_percent,
                   round((stats.most_common_freqs[1] * 100)::numeric, 1) AS top_percent
              FROM pg_attribute AS col
              JOIN pg_class AS shell ON shell.oid = col.attrelid
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
              LEFT JOIN pg_stats AS stats ON stats.schemaname = space.nspname AND stats.tablename = shell.relname
                   AND stats.attname = col.attname AND stats.inherited = (shell.relkind = 'p')
             WHERE col.attrelid = ?::oid AND col.attnum > 0 AND NOT col.attisdropped
             ORDER BY col.attnum
            """;

    private static final String KEYS = """
            SELECT rel.relname AS name,
                   (SELECT coalesce(array_agg(attname::text ORDER BY attnum), '{}') FROM pg_attribute
                     WHERE attrelid = key.indrelid AND attnum = ANY ((key.indkey::int2[])[0:key.indnkeyatts - 1]))
                       AS columns
              FROM pg_index AS key
              JOIN pg_class AS rel ON rel.oid = key.indexrelid
             WHERE key.indrelid = ?::oid AND (key.indisunique OR key.indisexclusion)
             ORDER BY name
            """;

    private static final String LINKS = """
            SELECT con.conname AS name, mine.attname AS "column", con.confrelid::regclass::text AS other,
                   theirs.attname AS other_column, true AS outgoing, coalesce(part.repmodel = 't', false) AS reference,
                   coalesce(part.partkey IS NOT NULL
                            AND column_to_column_name(part.logicalrelid, part.partkey) = theirs.attname, false) AS distributed
              FROM pg_constraint AS con
             CROSS JOIN LATERAL unnest(con.conkey, con.confkey) AS pair(mine, theirs)
              JOIN pg_attribute AS mine ON mine.attrelid = con.conrelid AND mine.attnum = pair.mine
              JOIN pg_attribute AS theirs ON theirs.attrelid = con.confrelid AND theirs.attnum = pair.theirs
              LEFT JOIN pg_dist_partition AS part ON part.logicalrelid = con.confrelid
             WHERE con.conrelid = ?::oid AND con.contype = 'f'
            UNION ALL
            SELECT con.conname, mine.attname, con.conrelid::regclass::text, theirs.attname, false,
                   coalesce(part.repmodel = 't', false),
                   coalesce(part.partkey IS NOT NULL
                            AND column_to_column_name(part.logicalrelid, part.partkey) = theirs.attname, false)
              FROM pg_constraint AS con
             CROSS JOIN LATERAL unnest(con.confkey, con.conkey) AS pair(mine, theirs)
              JOIN pg_attribute AS mine ON mine.attrelid = con.confrelid AND mine.attnum = pair.mine
              JOIN pg_attribute AS theirs ON theirs.attrelid = con.conrelid AND theirs.attnum = pair.theirs
              LEFT JOIN pg_dist_partition AS part ON part.logicalrelid = con.conrelid
             WHERE con.confrelid = ?::oid AND con.contype = 'f' AND con.conparentid = 0
             ORDER BY name, "column"
            """;

    private static final String KNOWN = """
            SELECT part.logicalrelid::regclass::text AS name, col.attname AS "column",
                   format_type(col.atttypid, col.atttypmod) AS type
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
              JOIN pg_attribute AS col ON col.attrelid = shell.oid
                   AND col.attname = column_to_column_name(part.logicalrelid, part.partkey)
             WHERE part.partkey IS NOT NULL AND part.partmethod = 'h' AND NOT shell.relispartition
             ORDER BY name
            """;

    static ConversionFacts of(Citus citus, Table table) {
        var sql = citus.sql();
        return new ConversionFacts(
                sql.one(Shell.class, SHELL, table.oid()),
                sql.list(Column.class, COLUMNS, table.oid()),
                sql.list(Key.class, KEYS, table.oid()),
                sql.list(Link.class, LINKS, table.oid(), table.oid()),
                sql.list(Distributed.class, KNOWN));
    }

    /** A distributed table that a foreign key joins to this one by both keys. */
    Optional<Link> mate(String column) {
        return links.stream()
                .filter(link ->
                        link.distributed() && !link.reference() && link.column().equals(column))
                .findFirst();
    }

    /** With which table it would lie together. */
    Optional<String> neighbour(String column) {
        return mate(column)
                .map(Link::other)
                .or(() -> columns.stream()
                        .filter(one -> one.name().equals(column))
                        .findFirst()
                        .flatMap(this::sameName));
    }

    /** The first distributed table whose key has the same name and type. */
    Optional<String> sameName(Column column) {
        return known.stream()
                .filter(one -> one.column().equals(column.name()) && one.type().equals(column.type()))
                .map(Distributed::name)
                .findFirst();
    }
}
