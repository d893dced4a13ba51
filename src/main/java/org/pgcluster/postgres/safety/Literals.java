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
 * domain inside and the functions of a range: before there is a tree to judge. Where the database has such types, the
 * literals are first taken as NULL, which resolves to the same types and runs nothing.
 */
final class Literals {
    private static final String CONTAINERS = """
            WITH RECURSIVE unsafe(oid) AS (
                SELECT contypid FROM pg_catalog.pg_constraint
                 WHERE contypid <> 0 AND conbin IS NOT NULL
                   AND (conbin::text ~ ':(funcid|opfuncid|opno|resulttype|typid) [0-9]{5,}'
                    OR EXISTS (SELECT FROM regexp_matches(conbin::text, ':(?:funcid|opfuncid) (\\d+)', 'g') AS called(oids)
                                 JOIN pg_catalog.pg_proc ON oid = oids[1]::oid WHERE provolatile <> 'i'))
                 UNION
                SELECT rngtypid FROM pg_catalog.pg_range
                 WHERE rngsubopc >= 16384
                    OR rngcanonical IN (SELECT oid FROM pg_catalog.pg_proc WHERE oid >= 16384 AND prolang NOT IN (12, 13))
                    -- Bounds that hold values of other types are compared by the orderings of those.
                    OR rngsubtype IN (SELECT oid FROM pg_catalog.pg_type WHERE typtype IN ('c', 'r', 'm') OR typelem >= 16384)
                   AND EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE oid >= 16384)
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
                     UNION ALL
                    SELECT rngmultitypid FROM pg_catalog.pg_range WHERE rngtypid = unsafe.oid
                 ) AS whole(oid))
            SELECT unsafe.oid::bigint FROM unsafe JOIN pg_catalog.pg_type USING (oid)
             WHERE typtype <> 'd' OR (SELECT elem.typtype <> 'b' FROM pg_catalog.pg_type AS elem WHERE elem.oid = pg_type.typbasetype)
                OR EXISTS (SELECT FROM pg_catalog.pg_type AS elem WHERE elem.oid = pg_type.typbasetype AND elem.typelem <> 0)
            """;

    /** Faults that no literal can mend: the server's own words help more than ours. */
    private static final Set<String> UNKNOWN_NAMES = Set.of("42703", "42P01", "42704", "3F000");

    private static final String UNKNOWN_FUNCTION = "42883";

    /** Words of the grammar: nobody else's type can be meant, unless a schema stands before them. */
    private static final Set<String> TYPES = Set.of("INTERVAL", "TIMESTAMP", "TIME");

    /** Names like any other, which a search path may resolve to somebody's type. */
    private static final Set<String> NAMES = Set.of("DATE", "TIMESTAMPTZ");

    private Literals() {}

    /**
     * {@code inner} as the role would have it analysed. What the server refuses of it ends as its {@code SQLException},
     * with positions that count in {@code inner}, or with none.
     */
    static void check(Connection connection, String inner, String argumentTypes, String role, TreeTaker taker)
            throws SQLException {
        List<Token> tokens = Lexer.tokens(inner);
        if (tokens.stream().noneMatch(token -> token.kind() == Token.Kind.STRING)) {
            return;
        }
        Set<Long> containers = containers(connection);
        if (containers.isEmpty()) {
            return;
        }
        String types = withoutLiterals(inner, tokens);
        Tree tree;
        try {
            tree = taker.take(types, argumentTypes, role);
        } catch (SQLException unreadable) {
            if (isForTheUser(unreadable.getSQLState(), tokens)) {
                int prefix = taker.prefix(argumentTypes).length();
                throw Positions.inTextBefore(unreadable, types, prefix, inner);
            }
            throw refused("the types cannot be told apart without them");
        }
        Set<Long> constants = tree.constants();
        constants.retainAll(containers);
        if (!constants.isEmpty()) {
            throw refused("a literal is of such a type");
        }
    }

    private static boolean isForTheUser(String state, List<Token> tokens) {
        // With a collation NULL counts as a text, for which there may be no function where there is one for the
        // literal.
        return UNKNOWN_NAMES.contains(state) || (UNKNOWN_FUNCTION.equals(state) && !comparesWithNull(tokens));
    }

    private static ToolException refused(String why) {
        return new ToolException(
                ErrorCode.NOT_ALLOWED,
                "This database has types that user functions check or order, and reading the literals could run them: "
                        + why + ".",
                "Write values of array and row types with ARRAY[…] and ROW(…), typed literals as '…'::type.");
    }

    private static Set<Long> containers(Connection connection) throws SQLException {
        Set<Long> found = new HashSet<>();
        Aside.ask(connection, CONTAINERS, row -> found.add(row.getLong(1)));
        return found;
    }

    private static String withoutLiterals(String sql, List<Token> tokens) {
        String nothing = comparesWithNull(tokens) ? " (NULL COLLATE \"C\") " : " NULL ";
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.kind() != Token.Kind.STRING) {
                continue;
            }
            Token before = i > 0 ? tokens.get(i - 1) : token;
            boolean plain = before.kind() == Token.Kind.WORD
                    && !(i > 1 && tokens.get(i - 2).is("."));
            if (plain && TYPES.contains(before.upper())) {
                // INTERVAL '…' and its like take nothing but a literal.
                continue;
            }
            boolean named = plain && NAMES.contains(before.upper());
            text.append(sql, copied, named ? before.start() : token.start())
                    .append(named ? "CAST(NULL AS " + before.text() + ")" : nothing);
            copied = token.end();
        }
        return text.append(sql.substring(copied)).toString();
    }

    /** IS DISTINCT FROM a bare NULL is taken for IS NOT NULL, where no literal gets a type; not so with a collation. */
    private static boolean comparesWithNull(List<Token> tokens) {
        for (int i = 1; i < tokens.size(); i++) {
            if (tokens.get(i - 1).isWord("DISTINCT") && tokens.get(i).isWord("FROM")) {
                return true;
            }
        }
        return false;
    }
}
