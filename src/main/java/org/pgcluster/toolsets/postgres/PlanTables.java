package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Context;

/** What the server knows of the tables in a plan: whether its estimates can be right, and which indexes there are. */
final class PlanTables {
    static final PlanTables NONE = new PlanTables(Map.of());

    private static final String TABLES = """
            SELECT space.nspname || '.' || relation.relname, relation.reltuples::float8,
                   statistics.last_analyze IS NULL AND statistics.last_autoanalyze IS NULL,
                   coalesce(statistics.n_mod_since_analyze, 0)::float8,
                   (SELECT json_agg(pg_get_indexdef(index.indexrelid, 1, true) || ' ' || called.relname
                                    ORDER BY called.relname)
                      FROM pg_catalog.pg_index AS index
                      JOIN pg_catalog.pg_class AS called ON called.oid = index.indexrelid
                     WHERE index.indrelid = relation.oid AND index.indisvalid)::text
              FROM pg_catalog.pg_class AS relation
              JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
              LEFT JOIN pg_catalog.pg_stat_all_tables AS statistics ON statistics.relid = relation.oid
             WHERE relation.relkind IN ('r', 'p', 'm')
               AND space.nspname || '.' || relation.relname IN
                   (SELECT json_array_elements_text($1::json))
            """;

    /** {@code rows} is negative where the table was never analysed; {@code indexes}: first column and name of each. */
    record Known(double rows, boolean neverAnalysed, double changedSince, List<String> indexes) {}

    private final Map<String, Known> byName;

    private PlanTables(Map<String, Known> byName) {
        this.byName = byName;
    }

    static PlanTables of(PlanNode root, Optional<String> database, Context context) {
        List<String> names = root.all()
                .filter(node -> node.text("Relation Name") != null && node.text("Schema") != null)
                .map(PlanNode::table)
                .distinct()
                .limit(200)
                .toList();
        if (names.isEmpty()) {
            return NONE;
        }
        FreeSql.Result read = context.cluster()
                .read(
                        context.call(),
                        database,
                        TABLES,
                        List.of(JsonText.write(names)),
                        new FreeSql.Budget(names.size(), 1_000_000, 100_000));
        Map<String, Known> tables = new LinkedHashMap<>();
        read.rows().forEach(row -> tables.put(String.valueOf(row.get(0)), known(row)));
        return new PlanTables(tables);
    }

    private static Known known(List<@Nullable Object> row) {
        boolean indexed = row.get(4) instanceof String;
        List<?> indexes = indexed && JsonText.read((String) row.get(4)) instanceof List<?> list ? list : List.of();
        return new Known(
                number(row.get(1)),
                Boolean.TRUE.equals(row.get(2)),
                number(row.get(3)),
                indexes.stream().map(String::valueOf).toList());
    }

    private static double number(@Nullable Object value) {
        return Double.parseDouble(String.valueOf(value));
    }

    Optional<Known> named(String table) {
        return Optional.ofNullable(byName.get(table));
    }

    /** The name of an index that already begins with this expression. */
    Optional<String> indexOn(String table, String expression) {
        return named(table).stream()
                .flatMap(known -> known.indexes().stream())
                .filter(index -> index.startsWith(expression + " "))
                .map(index -> index.substring(expression.length() + 1))
                .findFirst();
    }
}
