package org.pgcluster.postgres;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Our own queries within one call: read only, rows as records, each in a transaction of its own. */
public final class Sql {
    private final Database database;
    private final Call call;
    private final Opening.Style style;
    private final List<String> notices;
    private final boolean once;

    Sql(Database database, Call call) {
        this(database, call, Opening.Style.CATALOGUE, new CopyOnWriteArrayList<>(), false);
    }

    private Sql(Database database, Call call, Opening.Style style, List<String> notices, boolean once) {
        this.once = once;
        this.database = database;
        this.call = call;
        this.style = style;
        this.notices = notices;
    }

    /** The same, with the search path of the login instead of the catalogue alone. */
    public Sql withSearchPathOfLogin() {
        return new Sql(database, call, Opening.Style.OPEN, notices, once);
    }

    /**
     * The same for statements that ask other nodes: each has this long to accept a connection, and none is kept there
     * afterwards.
     */
    public Sql askingNodes(Duration toConnect) {
        var asking = style.with("citus.node_connection_timeout", String.valueOf(toConnect.toMillis()))
                .with("citus.max_cached_conns_per_worker", "0");
        return new Sql(database, call, asking, notices, once);
    }

    /**
     * The same with the shards of a Citus node in its catalogue. Otherwise Citus leaves them out, by a condition that
     * PostgreSQL 16 and later evaluate before an outer join instead of after it: there every shard looks as if it were
     * gone.
     */
    public Sql seeingShards() {
        return new Sql(database, call, style.with("citus.override_table_visibility", "off"), notices, once);
    }

    /** The same on a Citus node itself: its shards stand in the catalogue, and no connection is kept there. */
    public Sql onceOnNode() {
        var seeing = seeingShards();
        return new Sql(database, call, seeing.style, notices, true);
    }

    public <R extends Record> List<R> list(Class<R> type, String sql, @Nullable Object... parameters) {
        return database.read(call, style, (connection, snapshot, lease) -> {
            if (once) {
                lease.spoil();
            }
            try (var statement = connection.prepareStatement(OwnText.marked(sql))) {
                bind(statement, parameters);
                try (var rows = statement.executeQuery()) {
                    var mapper = RowMapper.of(type, rows.getMetaData());
                    var records = new ArrayList<R>();
                    while (rows.next()) {
                        records.add(mapper.map(rows));
                    }
                    notices.addAll(Notices.of(statement.getWarnings()));
                    return List.copyOf(records);
                }
            }
        });
    }

    /** Exactly one row; anything else is a fault of the query. */
    public <R extends Record> R one(Class<R> type, String sql, @Nullable Object... parameters) {
        var rows = list(type, sql, parameters);
        if (rows.size() != 1) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    database.target().label() + " answered " + rows.size() + " rows where one was expected ("
                            + type.getSimpleName() + ").",
                    null);
        }
        return rows.get(0);
    }

    /** The first row, where there is one. */
    public <R extends Record> Optional<R> ifAny(Class<R> type, String sql, @Nullable Object... parameters) {
        return list(type, sql, parameters).stream().findFirst();
    }

    /** What the server said beside its results so far; Citus tells there which nodes it could not ask. */
    public List<String> notices() {
        return List.copyOf(notices);
    }

    public Capabilities capabilities() {
        return database.capabilities(call);
    }

    /** Values travel as text without a type, so that the server infers it as it does for a literal. */
    static void bind(PreparedStatement statement, @Nullable Object... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            statement.setString(i + 1, text(parameters[i]));
        }
    }

    private static @Nullable String text(@Nullable Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof Collection<?> many) {
            return ArrayText.write(many);
        }
        if (value instanceof Instant instant) {
            return instant.toString();
        }
        return value.toString();
    }

    /** Texts of warnings and notices, without what could be a secret. */
    static final class Notices {
        private static final int MOST = 100;

        private Notices() {}

        static List<String> of(@Nullable SQLWarning first) {
            var texts = new ArrayList<String>();
            for (var warning = first; warning != null && texts.size() < MOST; warning = warning.getNextWarning()) {
                texts.add(ServerTexts.masked(String.valueOf(warning.getMessage())));
            }
            return List.copyOf(texts);
        }
    }
}
