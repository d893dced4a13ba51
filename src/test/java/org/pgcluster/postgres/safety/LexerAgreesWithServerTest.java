package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.Postgres;

/**
 * Constants between random quotes, comments and semicolons: whatever the lexer admits has as many statements and as
 * many columns to the server. The server is given the whole text, which it parts by itself.
 */
class LexerAgreesWithServerTest {
    private static final List<String> OPENINGS = List.of(
            "'", "E'", "e'", "U&'", "B'", "X'", "N'", "$$", "$a$", "$é$", "/*", "--", "1 AS \"", "1 AS U&\"", "");
    private static final List<String> CLOSINGS =
            List.of("'", "'", "'", "'", "'", "'", "'", "$$", "$a$", "$é$", "*/ 1", "\n1", "\"", "\"", "1");
    private static final List<String> JUNK = List.of(
            "'",
            "''",
            "\"",
            "\"\"",
            "$",
            "$$",
            "$a$",
            "$1",
            "\\",
            "\\'",
            "/*",
            "*/",
            "--",
            "\n",
            "\r",
            "\t",
            "\f",
            ";",
            ",",
            "a",
            "é",
            "😀",
            "U&",
            "E",
            "0",
            "1.",
            "1e",
            "+",
            "*",
            "<",
            "!",
            "@-",
            " ",
            "\u00a0",
            "\u000b",
            "::text",
            "; SELECT 1",
            "UESCAPE '!'");

    private record Seen(int statements, int columns) {}

    @ParameterizedTest
    @ValueSource(strings = "15")
    @Tag("postgres")
    void what_the_lexer_admits_the_server_parts_in_the_same_places(String version) throws SQLException {
        compare(version, 1, 4_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "16", "17", "18"})
    @Tag("versions")
    void every_version_parts_in_the_same_places(String version) throws SQLException {
        compare(version, 2, 4_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    @Tag("slow")
    void very_many_texts_are_parted_in_the_same_places(String version) throws SQLException {
        compare(version, 3, 400_000);
    }

    private static void compare(String version, long seed, int texts) throws SQLException {
        Random random = new Random(seed);
        int compared = 0;
        try (Connection connection = Postgres.version(version).connectWithoutSplitting("postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            for (int i = 0; i < texts; i++) {
                String text = text(random);
                Seen server = byServer(statement, text);
                Seen lexer = byLexer(text);
                if (server != null && lexer != null) {
                    compared++;
                    assertEquals(server, lexer, () -> "seed " + seed + ": " + text);
                    assertEquals(server.statements() == 1, admits(text), text);
                }
            }
        }
        assertTrue(compared > texts / 10, compared + " of " + texts + " texts were valid");
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int statements = random.nextInt(4) == 0 ? 2 : 1;
        for (int s = 0; s < statements; s++) {
            text.append(s == 0 ? "" : ";").append("SELECT ");
            int columns = 1 + random.nextInt(3);
            for (int c = 0; c < columns; c++) {
                int kind = random.nextInt(OPENINGS.size());
                text.append(c == 0 ? "" : ", ").append(OPENINGS.get(kind));
                for (int j = random.nextInt(4); j > 0; j--) {
                    text.append(JUNK.get(random.nextInt(JUNK.size())));
                }
                text.append(CLOSINGS.get(kind));
            }
        }
        return text.toString();
    }

    /** Null where the server finds no sense in it: then it does not matter how it is read. */
    private static @Nullable Seen byServer(Statement statement, String text) {
        try {
            int statements = 0;
            int columns = 0;
            for (boolean rows = statement.execute(text);
                    rows || statement.getUpdateCount() != -1;
                    rows = statement.getMoreResults()) {
                if (rows) {
                    statements++;
                    columns += statement.getResultSet().getMetaData().getColumnCount();
                }
            }
            return new Seen(statements, columns);
        } catch (SQLException e) {
            return null;
        }
    }

    private static @Nullable Seen byLexer(String text) {
        List<Token> tokens;
        try {
            tokens = Lexer.tokens(text);
        } catch (ToolException refused) {
            return null;
        }
        List<Integer> columns = new ArrayList<>();
        boolean begun = false;
        for (Token token : tokens) {
            if (token.is(";")) {
                begun = false;
            } else if (!begun) {
                begun = true;
                columns.add(0);
            } else if (token.is(",") || columns.get(columns.size() - 1) == 0) {
                columns.set(columns.size() - 1, columns.get(columns.size() - 1) + 1);
            }
        }
        return new Seen(
                columns.size(), columns.stream().mapToInt(Integer::intValue).sum());
    }

    private static boolean admits(String text) {
        try {
            TextGate.admit(text);
            return true;
        } catch (ToolException refused) {
            return false;
        }
    }
}
