package org.pgcluster.citus;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one node has of one table, its partitions included. {@code unknown} are placements without a size. */
public record TableSize(
        String schema, String name, @Nullable Long bytes, long rows, long unknown) {
    private static final String SIZES = "WITH "
            + Placements.sized("(coalesce(pg_partition_root(shell.oid)::oid, shell.oid)) IN (SELECT top.oid"
                    + " FROM pg_class AS top JOIN pg_namespace AS its ON its.oid = top.relnamespace"
                    + " WHERE (its.nspname::text, top.relname::text) IN"
                    + " (SELECT * FROM unnest(%L::text[], %L::text[])))")
            + """
            SELECT its.nspname AS schema, top.relname AS name, sum(sized.bytes)::bigint AS bytes,
                   coalesce(sum(sized.live), 0)::bigint AS rows,
                   count(*) FILTER (WHERE sized.bytes IS NULL) AS unknown
              FROM sized
              JOIN pg_class AS top ON top.oid = sized.root
              JOIN pg_namespace AS its ON its.oid = top.relnamespace
             GROUP BY 1, 2
            """;

    /** Schemas and names side by side, of tables that are no partitions. */
    public static Round<TableSize> ask(Citus citus, List<String> schemas, List<String> names) {
        return citus.everywhere(TableSize.class, SIZES, schemas, names);
    }

    /** Only tables of which every size that was asked for is known. */
    public static Map<String, Long> bytesByTable(Round<TableSize> round) {
        Map<String, Long> bytes = new HashMap<>();
        for (TableSize size : round.rows()) {
            Long here = size.bytes();
            if (here != null) {
                bytes.merge(size.schema() + "." + size.name(), here, Long::sum);
            }
        }
        round.rows().stream()
                .filter(size -> size.unknown() > 0)
                .forEach(size -> bytes.remove(size.schema() + "." + size.name()));
        return bytes;
    }
}
