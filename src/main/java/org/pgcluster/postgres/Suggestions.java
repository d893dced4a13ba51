package org.pgcluster.postgres;

import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Spelling;
import org.postgresql.util.PSQLException;

/** What a statement that names something unknown probably meant, looked up in the catalogue. */
final class Suggestions {
    private static final int MOST = 3;
    private static final Pattern QUALIFIED = Pattern.compile(
            "(?:relation|column|function) \"?([^\"(]+?)\"?(?:\\(.*)? (?:of relation .*)?does not exist.*",
            Pattern.DOTALL);
    private static final Pattern FUNCTION_IN_FROM =
            Pattern.compile("\\b(?:from|join)\\s+(?:lateral\\s+)?[\\w.\"]+\\s*\\(", Pattern.CASE_INSENSITIVE);
    private static final String MADE_FIRST = "Rows of a function in FROM, of a sort and of a hash are all made, on the"
            + " server's disk, before the first one is read, so LIMIT does not help. Narrow what goes in; a function such as"
            + " generate_series streams in the SELECT list; or";
    private static final Pattern OPERATOR = Pattern.compile("operator does not exist: (.+) (\\S+) (.+)");

    private static final Pattern NEAR = Pattern.compile("syntax error at or near \"([A-Za-z]+)\"");
    private static final String RESERVED = """
            SELECT EXISTS (SELECT FROM pg_get_keywords() WHERE word = lower(?) AND catcode IN ('R', 'T')) AS reserved
            """;

    private record Reserved(boolean reserved) {}

    private record Name(String name) {}

    private record Candidate(String name, double distance) {}

    private Suggestions() {}

    static @Nullable String of(SQLException error, String statement, Sql sql) {
        var server = error instanceof PSQLException driver ? driver.getServerErrorMessage() : null;
        if (server == null || server.getMessage() == null) {
            return null;
        }
        var message = server.getMessage();
        try {
            return switch (String.valueOf(error.getSQLState())) {
                case "42P01" -> relation(unknown(message), sql);
                case "42703" -> column(unknown(message), statement, sql, server.getHint());
                case "42883" -> message.startsWith("operator") ? cast(message) : function(unknown(message), sql);
                case "3F000" -> schema(unknown(message.replace("schema ", "relation ")), sql);
                case "57014" ->
                    FUNCTION_IN_FROM.matcher(statement).find() ? MADE_FIRST + " raise statement_timeout_ms." : null;
                case "53400" -> MADE_FIRST + " raise temp_file_limit of the login.";
                case "42601" -> reserved(message, statement, sql);
                case "42804" -> "Make the types agree with a cast, such as value::text or value::numeric.";
                default -> null;
            };
        } catch (ToolException | IllegalStateException e) {
            // The statement's own error is the one to tell; a look-up that failed only costs the better hint.
            return null;
        }
    }

    /** Where a name belongs and a word stands that PostgreSQL keeps for itself. */
    private static @Nullable String reserved(String message, String statement, Sql sql) {
        Matcher near = NEAR.matcher(message);
        if (!near.matches()) {
            return null;
        }
        var word = near.group(1);
        var asName = Pattern.compile(
                "(?:\\b(?:from|join|into|update|table|only)\\s+|\\.\\s*)" + word + "\\b", Pattern.CASE_INSENSITIVE);
        return asName.matcher(statement).find()
                        && sql.one(Reserved.class, RESERVED, word).reserved()
                ? word + " is a reserved word: as a name it stands in double quotes, "
                        + Names.quoted(word.toLowerCase(Locale.ROOT)) + "."
                : null;
    }

    private static String unknown(String message) {
        Matcher matcher = QUALIFIED.matcher(message);
        return matcher.matches() ? matcher.group(1) : "";
    }

    private static @Nullable String relation(String wanted, Sql sql) {
        var bare = last(wanted);
        var names = sql.list(Name.class, """
                SELECT c.oid::regclass::text AS name
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
                 ORDER BY n.nspname IN ('pg_catalog', 'information_schema'), c.relname = ? DESC, name
                 LIMIT 5000
                """, bare);
        var elsewhere = names.stream()
                .map(Name::name)
                .filter(name -> last(name).equals(bare) && !name.equals(wanted))
                .toList();
        if (!elsewhere.isEmpty() && !bare.isEmpty()) {
            return "It exists in another schema: " + listed(elsewhere) + ".";
        }
        return nearest(bare, names, "There is no such table or view", "information_schema.tables lists what there is.");
    }

    private static @Nullable String column(String wanted, String statement, Sql sql, @Nullable String serverHint) {
        var bare = last(wanted);
        var names = sql.list(Name.class, """
                SELECT DISTINCT a.attname::text AS name
                  FROM pg_attribute AS a
                  JOIN pg_class AS c ON c.oid = a.attrelid
                 WHERE NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND lower(c.relname) = ANY (?)
                 ORDER BY name
                 LIMIT 5000
                """, words(statement));
        if (names.isEmpty()) {
            return serverHint;
        }
        if (names.stream()
                .anyMatch(name ->
                        name.name().equalsIgnoreCase(bare) && !name.name().equals(bare))) {
            return "Names with capitals need double quotes: "
                    + listed(names.stream()
                            .map(Name::name)
                            .filter(name -> name.equalsIgnoreCase(bare))
                            .map(Names::quoted)
                            .toList())
                    + ".";
        }
        return nearest(
                bare,
                names,
                "There is no such column",
                "The tables named here have: "
                        + listed(names.stream().map(Name::name).limit(30).toList()) + ".");
    }

    private static @Nullable String function(String wanted, Sql sql) {
        var bare = last(wanted);
        var same = sql.list(Name.class, """
                SELECT p.oid::regprocedure::text AS name
                  FROM pg_proc AS p
                 WHERE p.proname = ?
                 ORDER BY name
                 LIMIT 5
                """, bare);
        if (!same.isEmpty()) {
            return "It takes other arguments: "
                    + listed(same.stream().map(Name::name).toList()) + ". Cast the arguments, such as value::text.";
        }
        var names =
                sql.list(Name.class, "SELECT DISTINCT proname::text AS name FROM pg_proc ORDER BY name LIMIT 20000");
        return nearest(bare, names, "There is no such function", "");
    }

    private static @Nullable String schema(String wanted, Sql sql) {
        var names = sql.list(Name.class, "SELECT nspname::text AS name FROM pg_namespace ORDER BY name LIMIT 1000");
        return nearest(wanted, names, "There is no such schema", "");
    }

    private static @Nullable String cast(String message) {
        var matcher = OPERATOR.matcher(message);
        if (!matcher.matches()) {
            return "Cast one side so that both have a type that the operator takes, such as value::text.";
        }
        return "The operator " + matcher.group(2) + " does not take " + matcher.group(1) + " and " + matcher.group(3)
                + ": cast one side, such as value::" + matcher.group(1) + " on the right.";
    }

    private static List<String> words(String statement) {
        return Pattern.compile("[^\\p{L}\\p{N}_$]+")
                .splitAsStream(statement.toLowerCase(Locale.ROOT))
                .filter(word -> !word.isEmpty())
                .distinct()
                .limit(1000)
                .toList();
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1).replace("\"", "");
    }

    private static String listed(List<String> names) {
        return String.join(", ", names);
    }

    private static @Nullable String nearest(String wanted, List<Name> names, String nothing, String otherwise) {
        var close = names.stream()
                .map(name -> new Candidate(name.name(), Spelling.distance(wanted, last(name.name()))))
                .filter(candidate -> candidate.distance() <= Math.max(2, wanted.length() / 3.0))
                .sorted(Comparator.comparingDouble(Candidate::distance).thenComparing(Candidate::name))
                .limit(MOST)
                .map(Candidate::name)
                .collect(Collectors.joining(", "));
        if (!close.isEmpty()) {
            return "Nearest names: " + close + ".";
        }
        return otherwise.isEmpty() ? nothing + "." : nothing + ". " + otherwise;
    }
}
