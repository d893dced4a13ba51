package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * A literal of an array, row or range type is read while the statement is analysed, and then runs the CHECK of any
 * domain inside: before there is a tree to judge. Where the database has such types, the literals are first taken as
 * NULL, which resolves to the same types and runs nothing.
 */
final class Literals {
    private static final String CONTAINERS = """
            WITH RECURSIVE unsafe(oid) AS (
                SELECT contypid FROM pg_catalog.pg_constraint
                 WHERE contypid <> 0 AND conbin IS NOT NULL
                   AND (conbin::text ~ ':(funcid|opfuncid|opno|resulttype) [0-9]{5,}'
                    OR EXISTS (SELECT FROM regexp_matches(conbin::text, ':(?:funcid|opfuncid) (\\d+)', 'g') AS called(oids)
                                 JOIN pg_catalog.pg_proc ON oid = oids[1]::oid WHERE provolatile <> 'i'))
                 UNION
                SELECT rngtypid FROM pg_catalog.pg_range JOIN pg_catalog.pg_opclass ON pg_opclass.oid = rngsubopc
                 WHERE rngsubopc >= 16384
                 UNION
                SELECT whole.oid
                  FROM unsafe
                 CROSS JOIN LATERAL (
                    SELECT oid FROM pg_catalog.pg_type WHERE typelem = unsafe.oid OR typbasetype = unsafe.oid
                     UNION ALL
                    SELECT reltype FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
                     WHERE atttypid = unsafe.oid AND reltype <> 0
                     UNION ALL
                    SELECT unnest(ARRAY[rngtypid, rngmultitypid]) FROM pg_catalog.pg_range WHERE rngsubtype = unsafe.oid
                 ) AS whole(oid))
            SELECT unsafe.oid::bigint FROM unsafe JOIN pg_catalog.pg_type USING (oid)
             WHERE typtype <> 'd' OR (SELECT elem.typtype <> 'b' FROM pg_catalog.pg_type AS elem WHERE elem.oid = pg_type.typbasetype)
                OR EXISTS (SELECT FROM pg_catalog.pg_type AS elem WHERE elem.oid = pg_type.typbasetype AND elem.typelem <> 0)
            """;

    /** Faults that no literal can mend: the server's own words help more than ours. */
    private static final Set<String> UNKNOWN_NAMES = Set.of("42703", "42P01", "42704", "3F000");

    private static final Set<String> TYPES = Set.of("INTERVAL", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "DATE");

    private Literals() {}

    static void check(Connection connection, Admitted statement, TreeTaker taker) throws SQLException {
        List<Token> tokens = Lexer.tokens(statement.inner());
        if (tokens.stream().noneMatch(token -> token.kind() == Token.Kind.STRING)) {
            return;
        }
        Set<Long> containers = containers(connection);
        if (containers.isEmpty()) {
            return;
        }
        String types = withoutLiterals(statement.inner(), tokens);
        Tree tree;
        try {
            tree = taker.take(types, "", "");
        } catch (SQLException unreadable) {
            if (UNKNOWN_NAMES.contains(unreadable.getSQLState())) {
                throw Positions.inUsersText(unreadable, types, taker.prefix("").length(), statement.sql());
            }
            throw refused("the types cannot be told apart without them");
        }
        Set<Long> constants = tree.constants();
        constants.retainAll(containers);
        if (!constants.isEmpty()) {
            throw refused("a literal is of a type that holds such a domain");
        }
    }

    private static ToolException refused(String why) {
        return new ToolException(
                ErrorCode.NOT_ALLOWED,
                "This database has domains whose CHECK runs user functions, and reading the literals could run them: "
                        + why + ".",
                "Write values of array and row types with ARRAY[…] and ROW(…), typed literals as '…'::type.");
    }

    private static Set<Long> containers(Connection connection) throws SQLException {
        Set<Long> found = new HashSet<>();
        Aside.ask(connection, CONTAINERS, row -> found.add(row.getLong(1)));
        return found;
    }

    private static String withoutLiterals(String sql, List<Token> tokens) {
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            // INTERVAL '…' and its like take nothing but a literal, and nobody else's type has these names.
            boolean typed = i > 0
                    && tokens.get(i - 1).kind() == Token.Kind.WORD
                    && TYPES.contains(tokens.get(i - 1).upper());
            if (token.kind() == Token.Kind.STRING && !typed) {
                text.append(sql, copied, token.start()).append(" NULL ");
                copied = token.end();
            }
        }
        return text.append(sql.substring(copied)).toString();
    }
}
