package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * Judges where the server's tree cannot be had without filling its log. Every name in the text counts as everything
 * in the catalogue that bears it, in whatever schema; stricter than the tree, and never laxer.
 */
final class ByName {
    private static final int LONGEST_NAME = 63;
    /** Operators that the grammar brings in where the text has only words, such as BETWEEN, LIKE and USING. */
    private static final Set<String> SILENT_OPERATORS =
            Set.of("=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~", "+", "-");

    private static final Set<String> CHANGES = Set.of("INSERT", "UPDATE", "DELETE", "MERGE", "INTO");
    private static final Set<String> ROW_LOCKS = Set.of("UPDATE", "SHARE", "NO", "KEY");
    private static final Set<String> SECRETS = Set.of(
            "pg_authid",
            "pg_shadow",
            "pg_user_mapping",
            "pg_user_mappings",
            "pg_subscription",
            "pg_dist_authinfo",
            "pg_dist_poolinfo");

    private static final Set<String> STATISTICS = Set.of("pg_statistic", "pg_stats");

    /** A cast can run where its types are in reach: built in, named, or inside of what is named. */
    private static final String FOUND = """
            WITH RECURSIVE
            named(name) AS (SELECT unnest(?::text[])),
            sign(name) AS (SELECT unnest(?::text[])),
            reach(oid) AS (
                SELECT t.oid FROM pg_catalog.pg_type AS t JOIN named ON typname = name
                 UNION
                SELECT unnest(proargtypes::oid[] || prorettype || proallargtypes)
                  FROM pg_catalog.pg_proc JOIN named ON proname = name WHERE pg_proc.oid >= 16384
                 UNION
                SELECT part.oid
                  FROM reach
                  JOIN pg_catalog.pg_type AS whole ON whole.oid = reach.oid
                 CROSS JOIN LATERAL (
                    SELECT whole.typelem UNION ALL SELECT whole.typbasetype UNION ALL SELECT whole.typarray
                     UNION ALL
                    SELECT atttypid FROM pg_catalog.pg_attribute WHERE whole.typrelid <> 0 AND attrelid = whole.typrelid
                     UNION ALL
                    SELECT rngsubtype FROM pg_catalog.pg_range WHERE whole.oid IN (rngtypid, rngmultitypid)
                 ) AS part(oid)
                 WHERE part.oid <> 0)
            SELECT 'function' AS kind, p.oid::bigint AS oid, NULL AS definition
              FROM pg_catalog.pg_proc AS p JOIN named ON proname = name
             WHERE prokind <> 'p'
               AND (p.oid >= 16384 OR NOT 'pg_catalog.internal'::pg_catalog.regtype = ANY (proargtypes::oid[]))
             UNION ALL
            SELECT 'operator', o.oid::bigint, NULL FROM pg_catalog.pg_operator AS o JOIN sign ON oprname = name
             UNION ALL
            SELECT 'type', t.oid::bigint, NULL FROM pg_catalog.pg_type AS t JOIN named ON typname = name
             UNION ALL
            SELECT 'relation', c.oid::bigint,
                   CASE WHEN relkind = 'v' AND c.oid >= 16384 THEN pg_catalog.pg_get_viewdef(c.oid) END
              FROM pg_catalog.pg_class AS c JOIN named ON relname = name
             WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 't')
             UNION ALL
            SELECT 'definition', 0, pg_catalog.pg_get_expr(polqual, polrelid)
              FROM pg_catalog.pg_policy JOIN pg_catalog.pg_class AS c ON c.oid = polrelid JOIN named ON relname = name
             WHERE polqual IS NOT NULL
             UNION ALL
            SELECT 'definition', 0, pg_catalog.pg_get_expr(adbin, adrelid)
              FROM pg_catalog.pg_attrdef JOIN pg_catalog.pg_class AS c ON c.oid = adrelid JOIN named ON relname = name
              JOIN pg_catalog.pg_attribute ON attrelid = adrelid AND attnum = adnum
             WHERE attgenerated <> ''
             UNION ALL
            SELECT 'function', castfunc::bigint, NULL FROM pg_catalog.pg_cast WHERE castfunc >= 16384
               AND (castsource < 16384 OR castsource IN (SELECT oid FROM reach))
               AND (casttarget < 16384 OR casttarget IN (SELECT oid FROM reach))
            """;

    private final Connection connection;
    private final Admitted statement;
    private final Standing standing;
    private final Bench bench;
    private final Set<Long> functions = new TreeSet<>();
    private final Set<Long> operators = new TreeSet<>();
    private final Set<Long> types = new TreeSet<>();
    private final Set<Long> relations = new TreeSet<>();
    private final Deque<String> unread = new ArrayDeque<>();

    ByName(Connection connection, Admitted statement, Standing standing, Trusted trusted) {
        this.connection = connection;
        this.statement = statement;
        this.standing = standing;
        this.bench = new Bench(connection, statement, standing, trusted, new TreeTaker(connection, standing));
    }

    Verdict judge() throws SQLException {
        List<Token> tokens = Lexer.tokens(statement.inner());
        checkWords(tokens);
        Set<String> seen = new HashSet<>();
        unread.add(statement.inner());
        while (!unread.isEmpty()) {
            String text = unread.remove();
            if (seen.add(text)) {
                collect(Lexer.tokens(text));
            }
        }
        Catalogue found = Catalogue.lookUp(connection, functions, operators, types, types, relations, standing.citus());
        return bench.examine(found).verdict("");
    }

    private void checkWords(List<Token> tokens) {
        if (statement.changing()) {
            throw refused("the plan of a change cannot be judged from its text");
        }
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean field = i > 0 && tokens.get(i - 1).is(".");
            if (token.kind() != Token.Kind.WORD || field) {
                continue;
            }
            boolean locks = token.isWord("FOR")
                    && i + 1 < tokens.size()
                    && ROW_LOCKS.contains(tokens.get(i + 1).upper());
            if (locks || CHANGES.contains(token.upper())) {
                throw refused(token.upper() + " is a change or a lock, and this tool only reads");
            }
        }
    }

    private void collect(List<Token> tokens) throws SQLException {
        Set<String> names = new TreeSet<>();
        Set<String> signs = new TreeSet<>(SILENT_OPERATORS);
        for (Token token : tokens) {
            if (token.kind() == Token.Kind.OPERATOR) {
                signs.add(token.text());
            } else if (token.isName()) {
                names.add(resolvable(token));
                names.add(token.name().toLowerCase(Locale.ROOT));
            }
        }
        // What is too long for a row of those lies in a table that is called after their numbers.
        names.stream()
                .filter(name -> SECRETS.contains(name) || name.startsWith("pg_toast_"))
                .findFirst()
                .ifPresent(secret -> {
                    throw refused(secret + " may hold secrets");
                });
        refuseSamples(names);
        find(names, signs);
    }

    private static String resolvable(Token token) {
        String name = token.name();
        boolean readable = !token.hasUnicodeEscapes()
                && name.getBytes(java.nio.charset.StandardCharsets.UTF_8).length <= LONGEST_NAME;
        if (!readable) {
            throw refused("the name " + token.text() + " cannot be resolved");
        }
        return name;
    }

    private void refuseSamples(Collection<String> names) throws SQLException {
        if (names.stream().anyMatch(STATISTICS::contains) && Secrets.areSampled(connection)) {
            throw refused("the statistics may hold samples of passwords, because pg_authid was analysed");
        }
    }

    private void find(Collection<String> names, Collection<String> signs) throws SQLException {
        Aside.ask(
                connection,
                FOUND,
                row -> {
                    add(row.getString("kind"), row.getLong("oid"));
                    String definition = row.getString("definition");
                    if (definition != null) {
                        unread.add(definition);
                    }
                },
                Aside.texts(names),
                Aside.texts(signs));
    }

    private void add(String kind, long oid) {
        switch (kind) {
            case "function" -> functions.add(oid);
            case "operator" -> operators.add(oid);
            case "type" -> types.add(oid);
            case "relation" -> relations.add(oid);
            default -> {
                // A definition has only its text, which is read next.
            }
        }
    }

    private static ToolException refused(String why) {
        return new ToolException(
                ErrorCode.NOT_ALLOWED,
                "This login may not silence the server's log, so its SQL is judged by its names alone: " + why + ".",
                "As a superuser of PostgreSQL 15 or later: GRANT SET ON PARAMETER log_min_messages TO the login.");
    }
}
