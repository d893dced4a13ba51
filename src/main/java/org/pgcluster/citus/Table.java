package org.pgcluster.citus;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** A table as it lies in the cluster. {@code keyType} is the type of the distribution column. */
public record Table(
        long oid,
        String schema,
        String name,
        TableKind kind,
        @Nullable String distributionColumn,
        @Nullable String keyType,
        int colocationId,
        boolean partitioned,
        @Nullable String partitionOf) {
    /** The kind of the table whose row of pg_dist_partition is {@code part}; {@code {schemas}} depends on the version. */
    public static final String KIND = """
            CASE WHEN part.logicalrelid IS NULL THEN 'plain'
                 WHEN part.colocationid IN (SELECT colocationid FROM {schemas} AS by_schema) THEN 'schema'
                 WHEN part.partkey IS NOT NULL THEN 'distributed'
                 WHEN part.repmodel = 't' THEN 'reference'
                 WHEN part.colocationid = 0 THEN 'citus_local'
                 ELSE 'single_shard' END""";

    private static final String FIND = """
            SELECT shell.oid::bigint AS oid, space.nspname AS schema, shell.relname AS name,
                   {kind} AS kind,
                   col.attname AS distribution_column, format_type(col.atttypid, col.atttypmod) AS key_type,
                   coalesce(part.colocationid, 0) AS colocation_id, shell.relkind = 'p' AS partitioned,
                   CASE WHEN shell.relispartition THEN pg_partition_root(shell.oid)::regclass::text END AS partition_of
              FROM pg_class AS shell
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
              LEFT JOIN pg_dist_partition AS part ON part.logicalrelid = shell.oid
              LEFT JOIN pg_attribute AS col ON col.attrelid = shell.oid AND part.partkey IS NOT NULL
                   AND col.attname = column_to_column_name(shell.oid, part.partkey)
             WHERE shell.oid = ?::oid AND shell.relkind IN ('r', 'p', 'f')
            """;

    private static final String NEAR = """
            SELECT format('%s.%s', space.nspname, shell.relname) AS name
              FROM pg_class AS shell
              JOIN pg_namespace AS space ON space.oid = shell.relnamespace
             WHERE shell.relkind IN ('r', 'p', 'f') AND shell.relname ILIKE '%' || ? || '%'
               AND space.nspname NOT IN ('pg_catalog', 'information_schema')
             ORDER BY length(shell.relname), name
             LIMIT 5
            """;

    private record Oid(@Nullable Long oid) {}

    private record Name(String name) {}

    public String qualified() {
        return schema + "." + name;
    }

    public boolean ofCitus() {
        return kind != TableKind.PLAIN;
    }

    /** By its name, schema-qualified or on the search path of the login. */
    public static Table named(Citus citus, String name) {
        Optional<Table> found = citus.sql()
                .withSearchPathOfLogin()
                .ifAny(Oid.class, "SELECT pg_catalog.to_regclass(?)::pg_catalog.oid::pg_catalog.int8 AS oid", name)
                .flatMap(one -> Optional.ofNullable(one.oid()))
                .flatMap(oid -> citus.sql().ifAny(Table.class, citus.forThisVersion(FIND), oid));
        return found.orElseThrow(() -> missing(citus, name));
    }

    /** The same, refused where Citus does not manage it. */
    public static Table distributedNamed(Citus citus, String name) {
        Table table = named(citus, name);
        if (!table.ofCitus()) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    table.qualified() + " is a plain PostgreSQL table: it has no shards.",
                    "list_table_types shows which table lies where; get_object_details describes a plain one.");
        }
        return table;
    }

    private static ToolException missing(Citus citus, String name) {
        String last = name.substring(name.lastIndexOf('.') + 1).replace("\"", "");
        List<Name> near = citus.sql().list(Name.class, NEAR, last);
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no table " + name + ".",
                near.isEmpty()
                        ? "list_table_types shows what there is."
                        : "Did you mean "
                                + String.join(
                                        ", ", near.stream().map(Name::name).toList()) + "?");
    }
}
