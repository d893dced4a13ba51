package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.postgres.safety.Admitted;
import org.pgcluster.postgres.safety.Verdict;
import org.postgresql.core.QueryExecutor;
import org.postgresql.jdbc.PgStatement;

/** Plans of a person's SQL whose parameters were left open; what is planned is judged first and never run. */
final class OpenPlans {
    private static final String EXPLAINED = "pgcluster_explained";

    /** Any value serves, as long as the type takes it; of NULL the planner would conclude that there is nothing. */
    private static final String SAMPLES = """
            SELECT pg_catalog.string_agg(pg_catalog.format('%s::%s',
                       CASE WHEN known.typcategory = 'N' THEN '1'
                            WHEN known.typcategory = 'S' THEN quote_literal('a')
                            WHEN known.typcategory = 'B' THEN 'true'
                            WHEN known.typcategory = 'D' THEN quote_literal('2000-01-01')
                            WHEN known.typcategory = 'T' THEN quote_literal('1 day')
                            WHEN known.typcategory = 'A' THEN quote_literal('{}')
                            WHEN known.typcategory = 'I' THEN quote_literal('127.0.0.1')
                            WHEN known.typcategory = 'R' THEN quote_literal('empty')
                            WHEN known.typcategory = 'V' THEN quote_literal('1')
                            WHEN known.typcategory = 'E' THEN (SELECT quote_literal(min(label.enumlabel::text))
                                FROM pg_catalog.pg_enum AS label WHERE label.enumtypid = known.oid)
                            WHEN known.typname IN ('json', 'jsonb') THEN quote_literal('{}')
                            WHEN known.typname = 'bytea' THEN quote_literal('a')
                            WHEN known.typname = 'uuid' THEN quote_literal('00000000-0000-0000-0000-000000000001')
                            ELSE 'NULL' END,
                       wanted.type::pg_catalog.text), ', ' ORDER BY wanted.at)
              FROM pg_catalog.pg_prepared_statements AS prepared,
                   pg_catalog.unnest(prepared.parameter_types) WITH ORDINALITY AS wanted(type, at)
              JOIN pg_catalog.pg_type AS known ON known.oid = wanted.type::pg_catalog.oid
             WHERE prepared.name = 'pgcluster_explained'
            """;

    /** What stands for a parameter: nothing, so that the plan is for any value, or a sample of its type. */
    enum Open {
        FOR_ANY_VALUE,
        FOR_A_SAMPLE
    }

    private final Database database;
    private final Call call;
    private final Opening.Style style;

    OpenPlans(Database database, Call call, Opening.Style style) {
        this.database = database;
        this.call = call;
        this.style = style;
    }

    /**
     * For servers that know no GENERIC_PLAN, and for Citus, which refuses it: what was judged is prepared and explained,
     * and never run.
     */
    FreeSql.Result prepared(Admitted text, String explain, FreeSql.Budget budget, FreeSql.Judging judging, Open open) {
        return database.read(
                call,
                style,
                (connection, snapshot, lease) -> {
                    var verdict = judging.judge(connection, snapshot);
                    lease.resetBeforeReuse();
                    FreeSql.prepareLeaving(lease, verdict);
                    takeRole(connection, verdict.sandbox());
                    return planOfPrepared(connection, text, explain, budget, verdict, open);
                },
                error -> Suggestions.of(error, text.sql(), database.sql(call)));
    }

    /** {@code text} is an EXPLAIN (GENERIC_PLAN …), whose parameters only the simple protocol leaves open. */
    FreeSql.Result generic(Admitted text, FreeSql.Budget budget, FreeSql.Judging judging) {
        return database.read(
                call,
                style,
                (connection, snapshot, lease) -> {
                    var verdict = judging.judge(connection, snapshot);
                    FreeSql.prepareLeaving(lease, verdict);
                    takeRole(connection, verdict.sandbox());
                    try (var statement = connection.createStatement()) {
                        statement.setEscapeProcessing(false);
                        statement
                                .unwrap(PgStatement.class)
                                .executeWithFlags(text.sql(), QueryExecutor.QUERY_EXECUTE_AS_SIMPLE);
                        try (var rows = statement.getResultSet()) {
                            return FreeSql.read(statement, rows, budget, verdict);
                        }
                    }
                },
                error -> Suggestions.of(error, text.sql(), database.sql(call)));
    }

    private static void takeRole(Connection connection, Optional<String> role) throws SQLException {
        if (role.isEmpty()) {
            return;
        }
        try (var statement = connection.createStatement()) {
            statement.execute("SET LOCAL ROLE " + Names.quoted(role.get()));
        }
    }

    private static FreeSql.Result planOfPrepared(
            Connection connection, Admitted text, String explain, FreeSql.Budget budget, Verdict verdict, Open open)
            throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute("SET LOCAL plan_cache_mode = "
                    + (open == Open.FOR_ANY_VALUE ? "force_generic_plan" : "force_custom_plan"));
            statement.execute("PREPARE " + EXPLAINED + " AS " + text.inner());
            statement.execute("SAVEPOINT " + EXPLAINED);
            var values = open == Open.FOR_ANY_VALUE
                    ? String.join(", ", Collections.nCopies(text.highestParameter(), "NULL"))
                    : sampleValues(statement);
            try (var rows = statement.executeQuery(explain + "EXECUTE " + EXPLAINED + "(" + values + ")")) {
                return FreeSql.read(statement, rows, budget, verdict);
            } finally {
                // No transaction takes a prepared statement back, and a pooler hands the session on as it is.
                statement.execute("ROLLBACK TO SAVEPOINT " + EXPLAINED);
                statement.execute("DEALLOCATE " + EXPLAINED);
            }
        }
    }

    private static String sampleValues(Statement statement) throws SQLException {
        try (var row = statement.executeQuery(SAMPLES)) {
            row.next();
            return row.getString(1);
        }
    }
}
