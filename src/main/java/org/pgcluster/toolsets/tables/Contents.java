package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;

/**
 * What tables hold, as one figure each that does not depend on the order of rows, on the node that reads them or on its
 * settings: how times and bytes are written differs between sessions, so they go in as numbers.
 */
final class Contents {
    /** Rows and the sum of their hashes. */
    record Sum(String table, long rows, String checksum) {}

    private record Expression(@Nullable String words, List<String> leftOut) {}

    private static final String EXPRESSION = """
            SELECT string_agg(CASE WHEN plain THEN written END, ' || ''|'' || ' ORDER BY attname) AS words,
                   coalesce(array_agg(attname::text ORDER BY attname) FILTER (WHERE NOT plain), '{}') AS left_out
              FROM (SELECT col.attname,
                           NOT (base.typtype IN ('c', 'r', 'm') OR base.typcategory = 'A' AND part.typcategory IN ('D', 'T', 'C', 'R'))
                               AS plain,
                           CASE WHEN base.typcategory = 'D' AND base.typname IN ('date', 'timestamp', 'timestamptz')
                                     OR base.typname = 'interval'
                                THEN format('coalesce(extract(epoch FROM %I)::text, ''~'')', col.attname)
                                WHEN base.typname = 'bytea'
                                THEN format('coalesce(pg_catalog.encode(%I, ''hex''), ''~'')', col.attname)
                                ELSE format('coalesce(%I::text COLLATE "C", ''~'')', col.attname) END AS written
                      FROM pg_attribute AS col
                      JOIN pg_type AS typ ON typ.oid = col.atttypid
                      JOIN pg_type AS base ON base.oid = CASE typ.typtype WHEN 'd' THEN typ.typbasetype ELSE typ.oid END
                      LEFT JOIN pg_type AS part ON part.oid = base.typelem
                     WHERE col.attrelid = ?::oid AND col.attnum > 0 AND NOT col.attisdropped) AS columns
            """;

    private Contents() {}

    /** The statement that sums, and the columns whose text depends on settings and that it leaves out. */
    static Summing of(Citus citus, List<Table> tables) {
        List<String> selects = new ArrayList<>();
        List<String> leftOut = new ArrayList<>();
        for (Table table : tables) {
            Expression expression = citus.sql().one(Expression.class, EXPRESSION, table.oid());
            String words = expression.words() == null ? "''" : expression.words();
            selects.add("SELECT " + literal(table.qualified())
                    + " AS \"table\", count(*) AS rows, coalesce(sum(pg_catalog.hashtextextended((" + words
                    + ") COLLATE \"C\", 0)::numeric), 0)::text AS checksum FROM " + quoted(table));
            expression.leftOut().forEach(column -> leftOut.add(table.qualified() + "." + column));
        }
        return new Summing(String.join(" UNION ALL ", selects), leftOut);
    }

    record Summing(String statement, List<String> leftOut) {}

    /** Throws where a row is missing, too many or another. */
    static void requireSame(List<Sum> before, List<Sum> after) {
        List<Sum> changed = before.stream().filter(one -> !after.contains(one)).toList();
        if (!changed.isEmpty()) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    "The contents would not be the same afterwards: "
                            + changed.stream()
                                    .map(one -> one.table() + " had " + one.rows() + " rows")
                                    .collect(Collectors.joining(", "))
                            + ".",
                    "Everything was rolled back; the tables are as they were.");
        }
    }

    static String quoted(Table table) {
        return ChangeText.quoted(table.schema()) + "." + ChangeText.quoted(table.name());
    }

    static String literal(String text) {
        String quoted = "'" + text.replace("'", "''") + "'";
        return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }
}
