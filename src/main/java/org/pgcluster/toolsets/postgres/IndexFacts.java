package org.pgcluster.toolsets.postgres;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.toolsets.postgres.CreateIndex.Input;

/** What the catalogue says of the table that an index is wanted on, and of the name that it shall have. */
record IndexFacts(Table table, String name, Optional<Existing> existing, Optional<Spread> spread) {
    record Table(
            int oid,
            String schema,
            String name,
            String kind,
            long bytes,
            double rows,
            boolean citus,
            boolean mayCreate) {}

    record Spread(
            long shards, @Nullable Long bytes, @Nullable String distributionColumn) {}

    private static final String SPREAD = """
            SELECT (SELECT count(*) FROM pg_catalog.pg_dist_shard AS shard
                     WHERE shard.logicalrelid = part.logicalrelid) AS shards,
                   pg_catalog.citus_relation_size(part.logicalrelid) AS bytes,
                   CASE WHEN part.partkey IS NOT NULL
                        THEN pg_catalog.column_to_column_name(part.logicalrelid, part.partkey) END
                       AS distribution_column
              FROM pg_catalog.pg_dist_partition AS part
             WHERE part.logicalrelid = ?::oid
            """;

    record Existing(boolean valid, String onTable) {
        String what() {
            return onTable.equals("not an index") ? "another relation" : "an index on " + onTable;
        }
    }

    private static final String TABLE = """
            SELECT relation.oid::int AS oid, space.nspname::text AS schema, relation.relname::text AS name,
                   relation.relkind::text AS kind, pg_catalog.pg_relation_size(relation.oid) AS bytes,
                   relation.reltuples::float8 AS rows, pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS citus,
                   pg_catalog.pg_has_role(relation.relowner, 'USAGE') AS may_create
              FROM pg_catalog.pg_class AS relation
              JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
             WHERE relation.oid = pg_catalog.to_regclass(?)
            """;

    private static final String INDEX = """
            SELECT coalesce(index.indisvalid, false) AS valid,
                   coalesce(index.indrelid::regclass::text, 'not an index') AS on_table
              FROM pg_catalog.pg_class AS relation
              LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
             WHERE relation.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ?)
               AND relation.relname = ?
            """;

    static IndexFacts of(Input input, Sql sql) {
        Table table = sql.ifAny(Table.class, TABLE, input.table()).orElseThrow(() -> noTable(input.table()));
        String name = input.name().orElseGet(() -> made(table, input));
        return new IndexFacts(
                table,
                name,
                sql.ifAny(Existing.class, INDEX, table.schema(), name),
                table.citus() ? sql.ifAny(Spread.class, SPREAD, table.oid()) : Optional.empty());
    }

    /** What a failed concurrent build left under that name. */
    boolean leftover() {
        return existing.isPresent()
                && !existing.get().valid()
                && !existing.get().onTable().equals("not an index");
    }

    String quotedTable() {
        return ChangeText.quoted(table.schema()) + "." + ChangeText.quoted(table.name());
    }

    String quotedIndex() {
        return ChangeText.quoted(table.schema()) + "." + ChangeText.quoted(name);
    }

    record Oldest(long transactions, long oldestSeconds) {}

    /** A concurrent build waits for every transaction that could still see the table without the index. */
    static Check oldTransactions(Sql sql) {
        Oldest oldest = sql.one(Oldest.class, """
                SELECT count(*) AS transactions,
                       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::bigint AS oldest_seconds
                  FROM pg_catalog.pg_stat_activity
                 WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
                   AND datname = current_database() AND backend_type = 'client backend'
                """);
        return new Check(
                "no old transaction that the build must wait for",
                oldest.oldestSeconds() < 60 ? Verdict.HOLDS : Verdict.RISKY,
                oldest.transactions() == 0
                        ? "none is open"
                        : oldest.transactions() + " open, the oldest for "
                                + (oldest.oldestSeconds() < 60 ? "less than 60" : "over 60") + " s");
    }

    /** The coordinator's own table of a distributed one is an empty shell: its size would be a wrong number. */
    String size() {
        return spread.map(over ->
                        "Reads " + (over.shards() == 1 ? "its one shard" : "all its " + over.shards() + " shards")
                                + ": " + (over.bytes() == null ? "size unknown" : over.bytes() + " bytes") + ".")
                .orElseGet(() -> "Reads the whole table: " + table.bytes() + " bytes, "
                        + (table.rows() < 0 ? "never analysed" : "about " + Math.round(table.rows()) + " rows") + ".");
    }

    private static ToolException noTable(String table) {
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no table " + table + ".",
                "Give it schema-qualified; a name with capitals needs double quotes.");
    }

    /** PostgreSQL would choose a name itself, but an approval needs to know it. */
    private static String made(Table table, Input input) {
        StringBuilder name = new StringBuilder(table.name());
        for (String column : input.columns()) {
            name.append('_').append(column.replaceAll("[^\\p{L}\\p{N}]+", "_").replaceAll("^_|_$", ""));
        }
        name.append("_idx");
        return name.length() <= 63
                ? name.toString()
                : name.substring(0, 54) + "_"
                        + Integer.toHexString(name.toString().hashCode());
    }
}
