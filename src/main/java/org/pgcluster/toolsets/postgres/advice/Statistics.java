package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.advice.Candidate;
import org.pgcluster.checks.advice.Facts;
import org.pgcluster.citus.TableSize;
import org.pgcluster.postgres.Sql;

/** What the catalogue knows of tables: their size and columns, their indexes, usual values, how much is written. */
final class Statistics {
    /** {@code asked} as a plan names it, a partition perhaps; {@code name} is the table that indexes belong to. */
    record Table(
            String asked,
            String name,
            String schema,
            String relation,
            long oid,
            String kind,
            double rows,
            double pages,
            double hotShare,
            double written) {}

    /** {@code bounds} lie at 10, 45, 55 and 90 % of the rows that no frequent value takes. */
    record Column(
            long oid,
            String name,
            String type,
            double width,
            double nulls,
            double distinct,
            double correlation,
            List<String> frequent,
            List<Double> shares,
            List<String> bounds) {}

    private record Index(
            long oid,
            String name,
            String method,
            List<String> keys,
            List<String> include,
            @Nullable String condition,
            boolean enforces,
            long bytes,
            long scans) {}

    private static final String TABLES = """
            SELECT asked.name AS asked, quote_ident(space.nspname) || '.' || quote_ident(root.relname) AS name,
                   space.nspname::text AS schema, root.relname::text AS relation, root.oid::bigint AS oid, root.relkind::text AS kind, parts.rows, parts.pages, parts.hot_share, parts.written
              FROM unnest(?::text[]) AS asked(name)
              JOIN pg_class AS leaf ON leaf.oid = to_regclass(asked.name)
              JOIN pg_class AS root ON root.oid = coalesce(pg_partition_root(leaf.oid)::oid, leaf.oid)
              JOIN pg_namespace AS space ON space.oid = root.relnamespace
              LEFT JOIN LATERAL (
                    SELECT coalesce(sum(greatest(part.reltuples, 0)), 0)::float8 AS rows,
                           coalesce(sum(part.relpages), 0)::float8 AS pages,
                           coalesce(sum(told.n_tup_hot_upd)::float8 / nullif(sum(told.n_tup_upd), 0), 0) AS hot_share,
                           coalesce(sum(told.n_tup_ins + told.n_tup_upd), 0)::float8 AS written
                      FROM pg_class AS part
                      LEFT JOIN pg_stat_all_tables AS told ON told.relid = part.oid
                     WHERE part.oid IN (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid))
                       AND part.relkind IN ('r', 'm')) AS parts ON true
             WHERE space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_(toast|temp)'
               AND root.relkind IN ('r', 'p', 'm')
            """;

    private static final String COLUMNS = """
            SELECT attribute.attrelid::bigint AS oid, quote_ident(attribute.attname) AS name,
                   format_type(attribute.atttypid, NULL) AS type, coalesce(told.avg_width, 32)::float8 AS width,
                   coalesce(told.null_frac, 0)::float8 AS nulls,
                   (CASE WHEN told.n_distinct >= 0 THEN told.n_distinct
                         ELSE -coalesce(told.n_distinct, -1) * sizes.rows END)::float8 AS distinct,
                   coalesce(told.correlation, 0)::float8 AS correlation,
                   coalesce(told.frequent[1:10], '{}') AS frequent, coalesce(told.shares[1:10], '{}') AS shares,
                   coalesce((SELECT array_agg(told.bounds[1 + ((array_length(told.bounds, 1) - 1) * at)::int] ORDER BY at)
                      FROM unnest(ARRAY[0.1, 0.45, 0.55, 0.9]) AS at WHERE array_length(told.bounds, 1) > 1), '{}')
                       AS bounds
              FROM unnest(?::bigint[], ?::float8[]) AS sizes(oid, rows)
              JOIN pg_class AS relation ON relation.oid = sizes.oid::oid
              JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
              LEFT JOIN LATERAL (
                    SELECT avg_width, null_frac, n_distinct, correlation, most_common_freqs::float8[] AS shares,
                           CASE WHEN array_ndims(most_common_vals::text::text[]) = 1
                                THEN most_common_vals::text::text[] END AS frequent,
                           CASE WHEN array_ndims(histogram_bounds::text::text[]) = 1
                                THEN histogram_bounds::text::text[] END AS bounds
                      FROM pg_stats
                     WHERE schemaname = (SELECT nspname FROM pg_namespace WHERE oid = relation.relnamespace)
                       AND tablename = relation.relname AND attname = attribute.attname
                     ORDER BY inherited DESC
                     LIMIT 1) AS told ON true
             WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
             ORDER BY 1, attribute.attnum
            """;

    private static final String INDEXES = """
            SELECT def.indrelid::bigint AS oid,
                   quote_ident(space.nspname) || '.' || quote_ident(relation.relname) AS name, method.amname::text AS method,
                   (SELECT array_agg(pg_get_indexdef(def.indexrelid, at, false)
                               || CASE WHEN class.opcdefault THEN '' ELSE ' ' || class.opcname END
                               || CASE def.indoption[at - 1] WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                       WHEN 3 THEN ' DESC' ELSE '' END ORDER BY at)
                      FROM generate_series(1, def.indnkeyatts) AS at
                      JOIN pg_opclass AS class ON class.oid = def.indclass[at - 1]) AS keys,
                   coalesce((SELECT array_agg(pg_get_indexdef(def.indexrelid, at, false) ORDER BY at)
                      FROM generate_series(def.indnkeyatts + 1, def.indnatts) AS at), '{}') AS include,
                   pg_get_expr(def.indpred, def.indrelid) AS condition,
                   def.indisunique OR def.indisreplident
                   OR EXISTS (SELECT FROM pg_constraint WHERE conindid = def.indexrelid) AS enforces,
                   pg_relation_size(def.indexrelid) AS bytes,
                   coalesce(pg_stat_get_numscans(def.indexrelid), 0) AS scans
              FROM pg_index AS def
              JOIN pg_class AS relation ON relation.oid = def.indexrelid
              JOIN pg_namespace AS space ON space.oid = relation.relnamespace
              JOIN pg_am AS method ON method.oid = relation.relam
             WHERE def.indrelid = ANY (?::oid[]) AND def.indisvalid
             ORDER BY 2
            """;

    private final Map<String, Table> byAsked = new HashMap<>();
    private final Map<String, Facts> facts = new LinkedHashMap<>();
    private final Map<String, Map<String, Column>> columns = new HashMap<>();

    private Statistics() {}

    static Statistics of(Sql sql, Collection<String> names) {
        Statistics statistics = new Statistics();
        Map<Long, Table> tables = new LinkedHashMap<>();
        for (Table table : sql.list(Table.class, TABLES, List.copyOf(names))) {
            statistics.byAsked.put(table.asked(), table);
            tables.putIfAbsent(table.oid(), table);
        }
        List<Long> oids = List.copyOf(tables.keySet());
        List<Double> rows = tables.values().stream().map(Table::rows).toList();
        List<Column> all = sql.list(Column.class, COLUMNS, oids, rows);
        List<Index> indexes = sql.list(Index.class, INDEXES, oids);
        tables.forEach((oid, table) -> statistics.add(
                table,
                all.stream().filter(one -> one.oid() == oid).toList(),
                indexes.stream().filter(one -> one.oid() == oid).toList()));
        return statistics;
    }

    private void add(Table table, List<Column> ofTable, List<Index> ofIndexes) {
        Map<String, Facts.Column> plain = new LinkedHashMap<>();
        Map<String, Column> told = new HashMap<>();
        for (Column column : ofTable) {
            told.put(column.name(), column);
            plain.put(
                    column.name(),
                    new Facts.Column(
                            column.name(),
                            column.type(),
                            column.width(),
                            column.nulls(),
                            column.distinct(),
                            column.correlation()));
        }
        List<Facts.Existing> existing = new ArrayList<>();
        for (Index index : ofIndexes) {
            Candidate shape =
                    Candidate.described(table.name(), index.method(), index.keys(), index.include(), index.condition());
            existing.add(new Facts.Existing(index.name(), shape, index.enforces(), index.bytes(), index.scans()));
        }
        columns.put(table.name(), told);
        facts.put(
                table.name(),
                new Facts(
                        table.name(),
                        table.rows(),
                        table.pages(),
                        table.kind().equals("p"),
                        plain,
                        List.copyOf(existing)));
    }

    /** The table that a plan's name stands for; of a partition its root; empty for what no user made. */
    Optional<Table> table(String asked) {
        return Optional.ofNullable(byAsked.get(asked));
    }

    /** Of a distributed table the coordinator has no rows; the nodes' own counts take the place of none. */
    void measured(Collection<TableSize> sizes) {
        for (Table table : byAsked.values()) {
            long rows = sizes.stream()
                    .filter(size ->
                            size.schema().equals(table.schema()) && size.name().equals(table.relation()))
                    .mapToLong(TableSize::rows)
                    .sum();
            facts.computeIfPresent(
                    table.name(), (name, known) -> known.rows() > 0 ? known : known.ofRows((double) rows));
        }
    }

    Collection<Table> tables() {
        return byAsked.values();
    }

    Map<String, Facts> facts() {
        return facts;
    }

    Optional<Column> column(String table, String name) {
        return Optional.ofNullable(columns.getOrDefault(table, Map.of()).get(name));
    }
}
