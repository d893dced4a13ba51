package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** What the login may do and what the server is: asked once for each connection, before a statement is judged. */
public record Standing(int versionNum, boolean superuser, boolean canSilenceLog, boolean citus, String role) {
    private static final String QUERY = """
            SELECT current_setting('server_version_num')::int, current_setting('is_superuser') = 'on',
                   %s,
                   EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'), current_user::text
            """;

    public static Standing ask(Connection connection, boolean grantsOnSettings) throws SQLException {
        String silence = grantsOnSettings
                ? "has_parameter_privilege('log_min_messages', 'SET')"
                : "current_setting('is_superuser') = 'on'";
        List<Standing> found = new ArrayList<>();
        Aside.ask(
                connection,
                QUERY.formatted(silence),
                row -> found.add(new Standing(
                        row.getInt(1), row.getBoolean(2), row.getBoolean(3), row.getBoolean(4), row.getString(5))));
        return found.get(0);
    }

    boolean showsTreeOfPrepare() {
        return versionNum >= 150000;
    }
}
