package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Columns of catalogues that hold passwords and conninfo: reading any of them is refused, the others are free. */
final class Secrets {
    private static final String COLUMNS = """
            WITH secret AS (
                SELECT attrelid, attnum, attname
                  FROM pg_catalog.pg_attribute
                 WHERE (attrelid::regclass::text, attname) IN (
                       ('pg_authid', 'rolpassword'), ('pg_shadow', 'passwd'), ('pg_user_mapping', 'umoptions'),
                       ('pg_user_mappings', 'umoptions'), ('pg_subscription', 'subconninfo'),
                       ('pg_dist_authinfo', 'authinfo'), ('pg_dist_poolinfo', 'poolinfo'))
                   AND (attrelid < 16384 OR attname IN ('authinfo', 'poolinfo')))
            SELECT attrelid::bigint, attnum, attrelid::regclass::text, attname FROM secret
             UNION ALL
            -- What is too long for its row lies in a table of its own.
            SELECT toasted.attrelid::bigint, toasted.attnum, toasted.attrelid::regclass::text, toasted.attname
              FROM secret
              JOIN pg_catalog.pg_class AS owner ON owner.oid = secret.attrelid
              JOIN pg_catalog.pg_attribute AS toasted ON toasted.attrelid = owner.reltoastrelid
             WHERE toasted.attname = 'chunk_data'
            """;
    /** ANALYZE keeps samples of what it saw. */
    private static final String SAMPLED = """
            SELECT 1 FROM pg_catalog.pg_stats
             WHERE (tablename, attname) IN (
                   ('pg_authid', 'rolpassword'), ('pg_user_mapping', 'umoptions'), ('pg_subscription', 'subconninfo'),
                   ('pg_dist_authinfo', 'authinfo'), ('pg_dist_poolinfo', 'poolinfo'))
               AND (most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL OR most_common_elems IS NOT NULL)
             LIMIT 1
            """;

    private static final String SAMPLES = """
            SELECT attrelid::bigint, attnum, attrelid::regclass::text, attname
              FROM pg_catalog.pg_attribute
             WHERE attrelid = 'pg_catalog.pg_statistic'::regclass AND attname ~ '^stavalues'
                OR attrelid = 'pg_catalog.pg_stats'::regclass
               AND attname IN ('most_common_vals', 'histogram_bounds', 'most_common_elems')
                OR attrelid = 'pg_toast.pg_toast_2619'::regclass AND attname = 'chunk_data'
            """;
    private static final Pattern READ =
            Pattern.compile(":relid (\\d+) (?:(?!:relid ).)*?:checkAsUser (\\d+) :selectedCols (<>|\\(b[ \\d]*\\))");
    private static final int SYSTEM_COLUMNS = 7;
    private static final Map<String, String> MASKS =
            Map.of("pg_authid", "pg_shadow", "pg_user_mapping", "pg_user_mappings", "pg_statistic", "pg_stats");

    private record Column(long relation, int number, String relationName, String name) {}

    private Secrets() {}

    static void check(Connection connection, Tree tree) throws SQLException {
        check(connection, tree, COLUMNS, " holds secrets and is never shown.");
    }

    /** The samples that the server took of such columns; who reads as pg_monitor is shown none of them. */
    static void checkSamples(Connection connection, Tree tree) throws SQLException {
        if (areSampled(connection)) {
            check(connection, tree, SAMPLES, " holds samples of passwords here, because pg_authid was analysed.");
        }
    }

    static boolean areSampled(Connection connection) throws SQLException {
        List<Integer> found = new ArrayList<>();
        Aside.ask(connection, SAMPLED, row -> found.add(row.getInt(1)));
        return !found.isEmpty();
    }

    private static void check(Connection connection, Tree tree, String columns, String why) throws SQLException {
        List<Column> touched = new ArrayList<>();
        Aside.ask(connection, columns, row -> {
            if (tree.relations().contains(row.getLong(1))) {
                touched.add(new Column(row.getLong(1), row.getInt(2), row.getString(3), row.getString(4)));
            }
        });
        for (Column column : touched) {
            // pg_user and pg_user_mappings mask what the view or table below them holds.
            String mask = MASKS.getOrDefault(column.relationName(), "");
            boolean masked =
                    touched.stream().anyMatch(other -> other.relationName().equals(mask));
            if (reads(tree, column, masked)) {
                throw new ToolException(
                        ErrorCode.NOT_ALLOWED,
                        column.relationName() + "." + column.name() + why,
                        "Name the other columns, without *.");
            }
        }
    }

    private static boolean reads(Tree tree, Column column, boolean masked) {
        Matcher matcher = READ.matcher(tree.text());
        boolean seen = false;
        while (matcher.find()) {
            if (Long.parseLong(matcher.group(1)) != column.relation()) {
                continue;
            }
            seen = true;
            boolean throughView = !matcher.group(2).equals("0");
            List<String> columns = Arrays.asList(
                    matcher.group(3).replaceAll("[(b)<>]", "").trim().split(" ", -1));
            boolean selected = columns.contains(String.valueOf(column.number() + SYSTEM_COLUMNS))
                    || columns.contains(String.valueOf(SYSTEM_COLUMNS));
            if (selected && !(throughView && masked)) {
                return true;
            }
        }
        return !seen;
    }
}
