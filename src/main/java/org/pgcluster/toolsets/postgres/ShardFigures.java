package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;
import org.pgcluster.citus.TableKind;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Column;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Index;

/** The figures of a table that Citus manages, from its shards: the coordinator has an empty shell. */
record ShardFigures(
        Managed table,
        List<ColumnPart> columnParts,
        List<IndexPart> indexParts,
        Sizes sizes,
        List<Unavailable> unavailable) {
    record Managed(
            TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shards,
            List<String> colocatedWith,
            List<String> schemas,
            List<String> names) {}

    /** What one shard says of a column. */
    record ColumnPart(
            String name,
            double rows,
            double nulls,
            double distinct,
            boolean growing,
            List<String> values,
            List<Double> shares) {}

    record IndexPart(
            String name, long bytes, long scans, @Nullable String lastScan, long invalid) {}

    record Sizes(@Nullable Long rows, @Nullable Long bytes) {}

    private record NodeSize(@Nullable Long bytes, long rows, long unknown) {}

    private static final String MANAGED = """
            SELECT {kind} AS kind, column_to_column_name(shell.oid, part.partkey) AS distribution_column,
                   part.colocationid AS colocation_id,
                   (SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = shell.oid) AS shards,
                   coalesce((SELECT array_agg(other.logicalrelid::regclass::text ORDER BY 1)
                      FROM pg_dist_partition AS other JOIN pg_class AS rel ON rel.oid = other.logicalrelid
                     WHERE other.colocationid = part.colocationid AND part.colocationid <> 0
                       AND other.logicalrelid <> shell.oid AND NOT rel.relispartition), '{}') AS colocated_with,
                   tree.schemas, tree.names
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             CROSS JOIN LATERAL (
                   SELECT array_agg(nspname::text ORDER BY rel.oid) AS schemas,
                          array_agg(relname::text ORDER BY rel.oid) AS names
                     FROM pg_class AS rel
                     JOIN pg_namespace AS space ON space.oid = rel.relnamespace
                    WHERE rel.oid IN (SELECT shell.oid UNION SELECT relid FROM pg_partition_tree(shell.oid))) AS tree
             WHERE part.logicalrelid = ?::oid
            """;

    private static final String ONLY =
            "(space.nspname::text, shell.relname::text) IN (SELECT * FROM unnest(%L::text[], %L::text[]))";

    private static final String SIZES = "WITH " + Placements.sized(ONLY) + """
            SELECT sum(bytes)::bigint AS bytes, coalesce(sum(live), 0)::bigint AS rows,
                   count(shardid) FILTER (WHERE bytes IS NULL) AS unknown
              FROM sized
            """;

    private static final String COLUMNS = "WITH " + Placements.MINE.replace("{only}", "AND " + ONLY) + """
            SELECT told.attname AS name, greatest(rel.reltuples, 0)::float8 AS rows, told.null_frac::float8 AS nulls,
                   (CASE WHEN told.n_distinct >= 0 THEN told.n_distinct
                         ELSE -told.n_distinct * greatest(rel.reltuples, 0) END)::float8 AS distinct,
                   told.n_distinct < 0 AS growing,
                   CASE WHEN array_ndims(told.most_common_vals::text::text[]) = 1
                        THEN (told.most_common_vals::text::text[])[1:20] ELSE '{}'::text[] END AS "values",
                   CASE WHEN array_ndims(told.most_common_vals::text::text[]) = 1
                        THEN (told.most_common_freqs::float8[])[1:20] ELSE '{}'::float8[] END AS shares
              FROM mine
              JOIN pg_class AS rel ON rel.oid = mine.rel AND rel.relkind = 'r'
              JOIN pg_stats AS told ON told.schemaname = mine.nspname AND told.tablename = rel.relname
            """;

    private static final String INDEXES = "WITH " + Placements.sized(ONLY) + """
            , expected AS (
                SELECT top.relname AS name, sized.rel, sized.bytes AS readable,
                       parse_ident(shard_name(def.indexrelid, sized.shardid)) AS parts
                  FROM sized
                  JOIN pg_index AS def ON def.indrelid = sized.shell
                  JOIN pg_class AS top ON top.oid = coalesce(pg_partition_root(def.indexrelid)::oid, def.indexrelid)
                 WHERE sized.rel IS NOT NULL)
            SELECT expected.name,
                   coalesce(sum(CASE WHEN readable IS NOT NULL THEN pg_relation_size(def.indexrelid) END), 0)::bigint
                       AS bytes,
                   coalesce(sum(pg_stat_get_numscans(def.indexrelid)), 0)::bigint AS scans,
                   max((SELECT to_jsonb(used) ->> 'last_idx_scan' FROM pg_stat_all_indexes AS used
                         WHERE used.indexrelid = def.indexrelid)) AS last_scan,
                   count(*) FILTER (WHERE NOT def.indisvalid) AS invalid
              FROM expected
              JOIN pg_index AS def ON def.indrelid = expected.rel
              JOIN pg_class AS rel ON rel.oid = def.indexrelid
                   AND rel.relname = expected.parts[array_upper(expected.parts, 1)]::name
             GROUP BY expected.name
            """;

    @SuppressWarnings("unchecked") // the answers come in the order of the questions
    static Optional<ShardFigures> of(Context context, long oid) {
        if (!context.cluster().capabilities(context.call()).has("citus")) {
            return Optional.empty();
        }
        Citus citus = Citus.of(context.cluster(), context.call());
        Optional<Managed> found = citus.sql().ifAny(Managed.class, citus.forThisVersion(MANAGED), oid);
        return found.map(table -> {
            List<Round<?>> told = citus.allAtOnce(List.of(
                    asked -> asked.everywhere(NodeSize.class, SIZES, table.schemas(), table.names()),
                    asked -> asked.everywhere(ColumnPart.class, COLUMNS, table.schemas(), table.names()),
                    asked -> asked.everywhere(IndexPart.class, INDEXES, table.schemas(), table.names())));
            Round<NodeSize> sizes = (Round<NodeSize>) told.get(0);
            return new ShardFigures(
                    table,
                    ((Round<ColumnPart>) told.get(1)).rows(),
                    ((Round<IndexPart>) told.get(2)).rows(),
                    summed(table, sizes.rows()),
                    unavailable(told));
        });
    }

    private static List<Unavailable> unavailable(List<Round<?>> told) {
        return told.stream()
                .flatMap(round -> round.silent().stream())
                .map(Silent::where)
                .distinct()
                .flatMap(where -> told.stream()
                        .flatMap(round -> round.silent().stream())
                        .filter(one -> one.where().equals(where))
                        .limit(1))
                .map(one -> new Unavailable("citus", one.where(), one.why()))
                .toList();
    }

    /** Of a reference table each node has all rows. */
    private static Sizes summed(Managed table, List<NodeSize> nodes) {
        Long rows = null;
        Long bytes = null;
        boolean unread = false;
        for (NodeSize node : nodes) {
            unread |= node.unknown() > 0;
            Long here = node.bytes();
            if (here != null) {
                long before = rows == null ? 0 : rows;
                rows = table.kind() == TableKind.REFERENCE ? Math.max(before, node.rows()) : before + node.rows();
                bytes = here + (bytes == null ? 0 : bytes);
            }
        }
        return new Sizes(rows, unread ? null : bytes);
    }

    Map<String, @Nullable Object> facts() {
        Map<String, @Nullable Object> facts = new LinkedHashMap<>();
        facts.put("rows", sizes.rows());
        facts.put("bytes", sizes.bytes());
        facts.put("analyzed", null);
        facts.put("citus", table.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        facts.put("distribution_column", table.distributionColumn());
        facts.put("shards", table.shards());
        facts.put("colocation_id", table.colocationId() == 0 ? null : table.colocationId());
        List<String> beside = table.colocatedWith();
        facts.put(
                "colocated_with",
                beside.isEmpty()
                        ? null
                        : String.join(", ", beside.subList(0, Math.min(10, beside.size())))
                                + (beside.size() > 10 ? " and " + (beside.size() - 10) + " more" : ""));
        return facts;
    }

    /** The distribution column's values lie in one shard each, and what grows with the rows is taken to; others are shared. */
    List<Column> columns(List<Column> ofShell, boolean rowDataAllowed) {
        return ofShell.stream()
                .map(column -> {
                    List<ColumnPart> parts = columnParts.stream()
                            .filter(part -> part.name().equals(column.name()))
                            .toList();
                    return parts.isEmpty() ? column : merged(column, parts, rowDataAllowed);
                })
                .toList();
    }

    private Column merged(Column column, List<ColumnPart> parts, boolean rowDataAllowed) {
        double rows = Math.max(1, parts.stream().mapToDouble(ColumnPart::rows).sum());
        double nulls =
                parts.stream().mapToDouble(part -> part.nulls() * part.rows()).sum() / rows;
        boolean grows = parts.stream().allMatch(ColumnPart::growing) && table.kind() != TableKind.REFERENCE;
        boolean apart =
                grows || (table.kind() == TableKind.DISTRIBUTED && column.name().equals(table.distributionColumn()));
        double distinct = apart
                ? parts.stream().mapToDouble(ColumnPart::distinct).sum()
                : parts.stream().mapToDouble(ColumnPart::distinct).max().orElse(0);
        return new Column(
                column.name(),
                column.type(),
                column.notNull(),
                column.defaultsTo(),
                String.format(Locale.ROOT, "%.1f%%", 100 * nulls),
                Math.round(distinct),
                rowDataAllowed ? frequent(parts, rows) : List.of(),
                column.comment());
    }

    private static List<String> frequent(List<ColumnPart> parts, double rows) {
        Map<String, Double> shares = new LinkedHashMap<>();
        for (ColumnPart part : parts) {
            for (int i = 0; i < part.values().size(); i++) {
                shares.merge(part.values().get(i), part.shares().get(i) * part.rows() / rows, Double::sum);
            }
        }
        return shares.entrySet().stream()
                .filter(entry -> entry.getValue() >= 0.005)
                .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(5)
                .map(entry -> String.format(Locale.ROOT, "%.1f%% %s", 100 * entry.getValue(), cut(entry.getKey())))
                .toList();
    }

    private static String cut(String value) {
        return value.length() <= 40 ? value : value.substring(0, 40) + "…";
    }

    List<Index> indexes(List<Index> ofShell) {
        List<Index> all = new ArrayList<>();
        for (Index index : ofShell) {
            List<IndexPart> parts = indexParts.stream()
                    .filter(part -> part.name().equals(index.name()))
                    .toList();
            long invalid = parts.stream().mapToLong(IndexPart::invalid).sum();
            all.add(new Index(
                    index.name(),
                    index.definition(),
                    invalid == 0 ? index.state() : "INVALID on " + invalid + " shards",
                    parts.isEmpty()
                            ? null
                            : parts.stream().mapToLong(IndexPart::bytes).sum(),
                    parts.stream().mapToLong(IndexPart::scans).sum(),
                    parts.stream()
                            .flatMap(part -> Optional.ofNullable(part.lastScan()).stream())
                            .max(Comparator.naturalOrder())
                            .orElse(null)));
        }
        return all;
    }
}
