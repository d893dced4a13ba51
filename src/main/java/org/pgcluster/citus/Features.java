package org.pgcluster.citus;

import org.pgcluster.postgres.Sql;

/** What this Citus has, looked up by name and argument types: versions differ, and names are overloaded. */
public record Features(
        boolean schemaSharding, boolean splitPlan, boolean tenants, boolean counters, boolean statements) {
    private static final String QUERY = """
            SELECT to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL AS schema_sharding,
                   to_regprocedure('pg_catalog.get_snapshot_based_node_split_plan(text,integer,text,integer,name)')
                       IS NOT NULL AS split_plan,
                   to_regclass('pg_catalog.citus_stat_tenants') IS NOT NULL AS tenants,
                   to_regclass('pg_catalog.citus_stat_counters') IS NOT NULL AS counters,
                   to_regclass('pg_catalog.citus_stat_statements') IS NOT NULL AS statements
            """;

    static Features ask(Sql sql) {
        return sql.one(Features.class, QUERY);
    }

    /** Before 12.0 there was no sharding by schema. */
    String schemas() {
        return schemaSharding
                ? "pg_dist_schema"
                : "(SELECT NULL::oid AS schemaid, NULL::int AS colocationid WHERE false)";
    }
}
