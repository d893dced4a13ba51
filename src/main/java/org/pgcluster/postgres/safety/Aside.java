package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import org.pgcluster.postgres.OwnText;

/**
 * Asks the catalogue in the middle of somebody's transaction, in one message. Only the catalogue is searched, so that
 * nobody's function or operator runs because it fits better; nothing is compiled; and everything is put back.
 */
public final class Aside {
    private static final String BEFORE = "SAVEPOINT pgcluster_aside; SET LOCAL search_path = pg_catalog, pg_temp;"
            + " SET LOCAL jit = off; SET LOCAL standard_conforming_strings = on; ";
    private static final String AFTER = "; ROLLBACK TO SAVEPOINT pgcluster_aside; RELEASE SAVEPOINT pgcluster_aside";

    private Aside() {}

    /** Takes the rows one by one. */
    public interface Rows {
        void take(ResultSet row) throws SQLException;
    }

    /** A list for one {@code ?} of the query: OIDs or texts. */
    record Many(String type, Collection<?> values) {}

    static Many oids(Collection<Long> oids) {
        return new Many("oid", oids);
    }

    static Many texts(Collection<String> texts) {
        return new Many("text", texts);
    }

    static void ask(Connection connection, String query, Rows rows, Many... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(BEFORE + OwnText.marked(query) + AFTER)) {
            for (int i = 0; i < parameters.length; i++) {
                Many many = parameters[i];
                statement.setArray(
                        i + 1,
                        connection.createArrayOf(many.type(), many.values().toArray()));
            }
            boolean isResult = statement.execute();
            while (!isResult) {
                isResult = statement.getMoreResults();
            }
            try (ResultSet result = statement.getResultSet()) {
                while (result.next()) {
                    rows.take(result);
                }
            }
        }
    }

    /** The names of types by their OIDs, as {@code pg_type} has them. */
    public static void typeNames(Connection connection, Collection<Long> types, Rows rows) throws SQLException {
        ask(connection, "SELECT oid::bigint, typname FROM pg_catalog.pg_type WHERE oid = ANY (?)", rows, oids(types));
    }
}
