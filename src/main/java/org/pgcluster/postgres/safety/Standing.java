package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What the login may do and what the server is: asked once for each connection, before a statement is judged. */
public record Standing(
        int versionNum,
        boolean superuser,
        boolean canSilenceLog,
        boolean readsAllData,
        boolean citus,
        boolean standby,
        String role) {
    public static Standing ask(Connection connection) throws SQLException {
        int version = version(connection);
        String silence = version >= 150000
                ? "has_parameter_privilege(current_user, 'log_min_messages', 'SET')"
                : "current_setting('is_superuser') = 'on'";
        String sql = "SELECT current_setting('is_superuser') = 'on', pg_catalog." + silence + """
                , pg_catalog.pg_has_role(current_user, 'pg_read_all_data', 'MEMBER')
                , EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')
                , pg_catalog.pg_is_in_recovery(), current_user::text
                """;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return new Standing(
                    version,
                    row.getBoolean(1),
                    row.getBoolean(2),
                    row.getBoolean(3),
                    row.getBoolean(4),
                    row.getBoolean(5),
                    row.getString(6));
        }
    }

    private static int version(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT pg_catalog.current_setting('server_version_num')::int")) {
            row.next();
            return row.getInt(1);
        }
    }
}
