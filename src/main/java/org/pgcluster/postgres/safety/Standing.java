package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What the login may do and what the server is: asked once for each connection, before a statement is judged.
 *
 * @param owner has rights of its own on somebody's tables
 * @param mayTake of the roles that can only read
 */
public record Standing(
        int versionNum,
        boolean superuser,
        boolean canSilenceLog,
        boolean citus,
        String role,
        boolean owner,
        Set<String> mayTake) {
    private static final String QUERY = """
            SELECT current_setting('server_version_num')::int, current_setting('is_superuser') = 'on',
                   %s,
                   EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'), current_user::text,
                   EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384 AND pg_has_role(relowner, 'USAGE')),
                   (SELECT coalesce(string_agg(rolname, ','), '') FROM pg_catalog.pg_roles
                     WHERE rolname IN ('pg_read_all_data', 'pg_monitor') AND pg_has_role(oid, '%s'))
            """;

    /** A right on a setting can be granted from 15 on, membership without the right to take the role from 16 on. */
    public static Standing ask(Connection connection, int major) throws SQLException {
        String silence = major >= 15
                ? "has_parameter_privilege('log_min_messages', 'SET')"
                : "current_setting('is_superuser') = 'on'";
        List<Standing> found = new ArrayList<>();
        Aside.ask(
                connection,
                QUERY.formatted(silence, major >= 16 ? "SET" : "MEMBER"),
                row -> found.add(new Standing(
                        row.getInt(1),
                        row.getBoolean(2),
                        row.getBoolean(3),
                        row.getBoolean(4),
                        row.getString(5),
                        row.getBoolean(6),
                        Set.of(row.getString(7).split(",", -1)))));
        return found.get(0);
    }

    /** A superuser always, an owner where it is a member; everybody else has no rights to leave behind. */
    String taking(String wanted) {
        return (superuser || owner) && mayTake.contains(wanted) ? wanted : "";
    }

    boolean showsTreeOfPrepare() {
        return versionNum >= 150000;
    }
}
