package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Admitted;
import org.pgcluster.postgres.safety.IndexText;
import org.pgcluster.postgres.safety.TextGate;
import org.pgcluster.postgres.safety.Verdict;

/**
 * Plans as if there were other indexes, by hypopg. What it imagines is kept by the server's process, which no ROLLBACK
 * and no DISCARD empties: it is emptied when this ends, and the connection is thrown away. Confined to one call; each
 * question begins where the transaction began, so that a failed one harms no other and no lock is kept.
 */
public final class Imagining {
    /** What is only planned here is no workload of anybody's. */
    private static final String UNSEEN = "SELECT pg_catalog.set_config(name, 'off', true) FROM pg_catalog.pg_settings"
            + " WHERE name = 'pg_qualstats.enabled';";

    private static final String POINT = "pgcluster_imagining";
    private static final String BACK = "ROLLBACK TO SAVEPOINT " + POINT + ";";
    private static final String PREPARED = "pgcluster_imagined";

    /** Its functions are called with their own types exactly: a stranger's of the same name may not fit better. */
    private static final String HOME = """
            SELECT quote_ident(space.nspname) FROM pg_catalog.pg_extension
              JOIN pg_catalog.pg_namespace AS space ON space.oid = extnamespace
             WHERE extname = 'hypopg'
            """;

    private static final String TABLE = """
            SELECT quote_ident(space.nspname) || '.' || quote_ident(relation.relname)
              FROM pg_catalog.pg_class AS relation
              JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
             WHERE relation.oid = pg_catalog.to_regclass(?) AND relation.relkind IN ('r', 'p', 'm')
            """;

    private static final String TYPES = """
            SELECT parameter_types::pg_catalog.text[] FROM pg_catalog.pg_prepared_statements WHERE name = 'pgcluster_imagined'
            """;

    private final Connection connection;
    private final Judged judged;
    private final Call call;
    private final Target target;
    private final String home;
    private final Map<String, String> tables = new HashMap<>();
    private final Map<String, Verdict> verdicts = new HashMap<>();

    /** Judges a text that passed the gate. */
    interface Judged {
        Verdict of(Admitted text) throws SQLException;
    }

    private interface Question<T> {
        T ask() throws SQLException;
    }

    /** An index as a person or a search describes it; {@code columns} as {@code create_index} takes them. */
    public record Index(
            String table, List<String> columns, String method, List<String> include, Optional<String> where) {
        public Index {
            columns = List.copyOf(columns);
            include = List.copyOf(include);
        }
    }

    /** One that the planner now takes for real; a plan calls it {@code name}. */
    public record Imagined(long oid, String name, long bytes) {}

    /** The plan that serves any parameters, and the types of these. */
    public record Generic(String plan, List<String> types) {
        public Generic {
            types = List.copyOf(types);
        }
    }

    private Imagining(Connection connection, Judged judged, Call call, Target target, String home) {
        this.connection = connection;
        this.judged = judged;
        this.call = call;
        this.target = target;
        this.home = home;
    }

    /** {@code lease} is thrown away afterwards, whatever happens. Without hypopg nothing can be imagined, and plans are told. */
    static <T> T on(Pool.Lease lease, Judged judged, Call call, Target target, Function<Imagining, T> work)
            throws SQLException {
        lease.spoil();
        Connection connection = lease.connection();
        String home;
        try (var statement = connection.createStatement()) {
            statement.execute(UNSEEN + "SAVEPOINT " + POINT);

            try (var row = statement.executeQuery(HOME)) {
                home = row.next() ? row.getString(1) : "";
            }
        }
        Imagining imagining = new Imagining(connection, judged, call, target, home);
        try {
            return work.apply(imagining);
        } finally {
            imagining.forgetAll();
        }
    }

    /** Behind a pooler the process serves somebody else next. */
    private void forgetAll() {
        if (home.isEmpty()) {
            return;
        }
        try (var statement = connection.createStatement()) {
            statement.execute(BACK + "SELECT " + home + ".hypopg_reset()");
        } catch (SQLException e) {
            // A connection that ends within its transaction takes the process with it, behind a pooler, too.
            return;
        }
    }

    public boolean possible() {
        return !home.isEmpty();
    }

    /** The plan of a statement without parameters, as JSON. */
    public String explain(String options, String sql) {
        return asked(() -> {
            Admitted text = TextGate.admit("EXPLAIN (" + options + ") " + sql);
            String before = BACK + role(judged(text));
            FreeSql.checkSent(connection, text, before);
            try (var statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                statement.execute(before + text.sql());
                return plan(statement);
            }
        });
    }

    /** The plan for whatever values the parameters will have. */
    public Generic explainGeneric(String options, String sql) {
        return prepared(options, sql, (statement, types) -> generic(statement, options, types));
    }

    /** Of which types its parameters are, also where no plan serves them all. */
    public List<String> parameterTypes(String sql) {
        return prepared("COSTS", sql, (statement, types) -> types);
    }

    private interface Prepared<T> {
        T ask(Statement statement, List<String> types) throws SQLException;
    }

    private <T> T prepared(String options, String sql, Prepared<T> question) {
        return asked(() -> {
            Admitted text = TextGate.admit("EXPLAIN (GENERIC_PLAN, " + options + ") " + sql);
            String before = BACK + role(judged(text));
            try (var statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                statement.execute(before + "SET LOCAL plan_cache_mode = force_generic_plan");
                statement.execute("PREPARE " + PREPARED + " AS " + text.inner());
                try {
                    return question.ask(statement, types(statement));
                } finally {
                    // No transaction takes a prepared statement back.
                    statement.execute(BACK + "DEALLOCATE " + PREPARED);
                }
            }
        });
    }

    private static List<String> types(Statement statement) throws SQLException {
        List<String> types = new ArrayList<>();
        try (var row = statement.executeQuery(TYPES)) {
            row.next();
            Collections.addAll(types, (String[]) row.getArray(1).getArray());
        }
        return types;
    }

    private static Generic generic(Statement statement, String options, List<String> types) throws SQLException {
        String values = String.join(", ", Collections.nCopies(types.size(), "NULL"));
        statement.execute(
                "EXPLAIN (" + options + ") EXECUTE " + PREPARED + (values.isEmpty() ? "" : "(" + values + ")"));
        return new Generic(plan(statement), types);
    }

    private static String plan(Statement statement) throws SQLException {
        while (statement.getUpdateCount() >= 0) {
            statement.getMoreResults();
        }
        try (var rows = Objects.requireNonNull(statement.getResultSet())) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** From now on the planner may choose it. What would run while it plans with it is judged first. */
    public Imagined imagine(Index index) {
        return imagine(List.of(index)).get(0);
    }

    /** All in one message; where one of them cannot be, none is. */
    public List<Imagined> imagine(List<Index> indexes) {
        return asked(() -> {
            back();
            List<String> texts = new ArrayList<>();
            for (Index index : indexes) {
                texts.add(text(index).create());
            }
            try (var statement = connection.prepareStatement(create())) {
                statement.setArray(1, connection.createArrayOf("text", texts.toArray()));
                try (var row = statement.executeQuery()) {
                    List<Imagined> imagined = new ArrayList<>();
                    while (row.next()) {
                        imagined.add(new Imagined(row.getLong(1), row.getString(2), row.getLong(3)));
                    }
                    return List.copyOf(imagined);
                }
            }
        });
    }

    private String create() {
        return "SELECT made.indexrelid::pg_catalog.int8, made.indexname, " + home
                + ".hypopg_relation_size(made.indexrelid)"
                + " FROM pg_catalog.unnest(?::pg_catalog.text[]) WITH ORDINALITY AS asked(text, at) CROSS JOIN LATERAL "
                + home + ".hypopg_create_index(asked.text) AS made ORDER BY asked.at";
    }

    private IndexText text(Index index) throws SQLException {
        String table = table(index.table());
        IndexText text = IndexText.of(table, index.columns(), index.method(), index.include(), index.where());
        if (text.probe().isPresent()) {
            judged(TextGate.admit(text.probe().get()));
            back();
        }
        return text;
    }

    public void forget(List<Imagined> indexes) {
        String drops = String.join(
                ", ",
                indexes.stream()
                        .map(index -> home + ".hypopg_drop_index(" + index.oid() + "::pg_catalog.oid)")
                        .toList());
        asked(() -> {
            try (var statement = connection.createStatement()) {
                return indexes.isEmpty() || statement.execute(BACK + "SELECT " + drops);
            }
        });
    }

    private String table(String name) throws SQLException {
        String known = tables.get(name);
        if (known != null) {
            return known;
        }
        try (var statement = connection.prepareStatement(TABLE)) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                if (row.next()) {
                    tables.put(name, row.getString(1));
                    return row.getString(1);
                }
            }
        }
        throw new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no table " + name + ".",
                "Give it schema-qualified; a name with capitals needs double quotes.");
    }

    private void back() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(BACK);
        }
    }

    /** Within one transaction the same text means the same; it is judged under the login's own role. */
    private Verdict judged(Admitted text) throws SQLException {
        Verdict known = verdicts.get(text.sql());
        if (known == null) {
            back();
            known = judged.of(text);
            verdicts.put(text.sql(), known);
        }
        return known;
    }

    private static String role(Verdict verdict) {
        return verdict.sandbox()
                .map(role -> "SET LOCAL ROLE " + Names.quoted(role) + ";")
                .orElse("");
    }

    private <T> T asked(Question<T> question) {
        try {
            return question.ask();
        } catch (SQLException e) {
            throw SqlErrors.from(e, target, call);
        }
    }
}
