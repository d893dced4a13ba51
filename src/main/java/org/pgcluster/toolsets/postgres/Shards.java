package org.pgcluster.toolsets.postgres;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.TableKind;
import org.pgcluster.citus.TableSize;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;

/** What Citus knows of tables, whose own figures on the coordinator are those of empty shells. */
record Shards(Map<Long, Spread> byTable, List<Unavailable> unavailable) {
    /** Rows and bytes are those of the nodes that answered; missing where none did. */
    record Spread(
            TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shards,
            @Nullable Long rows,
            @Nullable Long bytes) {
        String inWords() {
            String many = shards + (shards == 1 ? " shard" : " shards");
            return distributionColumn != null
                    ? "distributed by " + distributionColumn + ", " + many + ", colocation " + colocationId
                    : kind.name().toLowerCase(Locale.ROOT).replace('_', ' ')
                            + (kind == TableKind.SCHEMA ? "-based, colocation " + colocationId : "");
        }
    }

    private record Managed(
            long oid,
            String schema,
            String name,
            TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shards) {}

    private static final String MANAGED = """
            SELECT shell.oid::bigint AS oid, space.nspname AS schema, shell.relname AS name, {kind} AS kind,
                   column_to_column_name(shell.oid, part.partkey) AS distribution_column,
                   part.colocationid AS colocation_id,
                   (SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = shell.oid) AS shards
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
             WHERE shell.oid = ANY (?::oid[])
            """;

    static Shards of(Context context, List<Long> oids) {
        if (oids.isEmpty() || !context.cluster().capabilities(context.call()).has("citus")) {
            return new Shards(Map.of(), List.of());
        }
        Citus citus = Citus.of(context.cluster(), context.call());
        List<Managed> managed = citus.sql().list(Managed.class, citus.forThisVersion(MANAGED), oids);
        if (managed.isEmpty()) {
            return new Shards(Map.of(), List.of());
        }
        Round<TableSize> sizes = TableSize.ask(
                citus,
                managed.stream().map(Managed::schema).toList(),
                managed.stream().map(Managed::name).toList());
        Map<Long, Spread> spread = new HashMap<>();
        for (Managed table : managed) {
            spread.put(table.oid(), measured(table, sizes.rows()));
        }
        return new Shards(spread, unavailable(sizes));
    }

    private static Spread measured(Managed table, List<TableSize> sizes) {
        Long rows = null;
        Long bytes = null;
        boolean unread = false;
        for (TableSize size : sizes) {
            if (size.schema().equals(table.schema()) && size.name().equals(table.name())) {
                long before = rows == null ? 0 : rows;
                rows = table.kind() == TableKind.REFERENCE ? Math.max(before, size.rows()) : before + size.rows();
                unread |= size.unknown() > 0;
                Long here = size.bytes();
                bytes = here == null ? bytes : Long.valueOf(here + (bytes == null ? 0 : bytes));
            }
        }
        return new Spread(
                table.kind(),
                table.distributionColumn(),
                table.colocationId(),
                table.shards(),
                rows,
                unread ? null : bytes);
    }

    static List<Unavailable> unavailable(Round<?> round) {
        return round.silent().stream()
                .map(one -> new Unavailable("citus", one.where(), one.why()))
                .toList();
    }
}
