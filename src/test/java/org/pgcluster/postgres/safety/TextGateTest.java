package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

class TextGateTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``                               | INVALID_INPUT",
                "-- nothing                       | INVALID_INPUT",
                "/* open                          | INVALID_INPUT",
                "SELECT 'open                     | INVALID_INPUT",
                "SELECT $a$open                   | INVALID_INPUT",
                "SELECT \"open                    | INVALID_INPUT",
                "SELECT 1; SELECT 2               | INVALID_INPUT",
                "SELECT E'\\\\'; SELECT 2         | INVALID_INPUT",
                "SELECT 1a                        | INVALID_INPUT",
                "SELECT $0                        | INVALID_INPUT",
                "EXPLAIN                          | INVALID_INPUT",
                "SHOW                             | INVALID_INPUT",
                "selec 1                          | INVALID_INPUT",
                "EXPLAIN selec 1                  | INVALID_INPUT",
                "INSERT INTO t VALUES (1)         | NOT_ALLOWED",
                "set x = 1                        | NOT_ALLOWED",
                "EXPLAIN ANALYZE DELETE FROM t    | NOT_ALLOWED",
                "EXPLAIN (ANALYZE) DELETE FROM t  | NOT_ALLOWED",
                "EXPLAIN (U&\"\\0061nalyze\") DELETE FROM t | NOT_ALLOWED",
                "EXPLAIN CREATE TABLE t AS SELECT | NOT_ALLOWED",
                "COPY t TO STDOUT                 | NOT_ALLOWED",
            })
    void what_is_refused_says_why_and_what_to_do(String sql, ErrorCode code) {
        var refused = assertThrows(ToolException.class, () -> TextGate.admit(sql));
        assertEquals(code, refused.code());
        assertFalse(Objects.requireNonNull(refused.hint()).isBlank());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1;;",
                "SELECT 'a;b', $$;$$, \";\" /* ; */ -- ;",
                "SELECT E'\\';'",
                "EXPLAIN (ANALYZE off) DELETE FROM t",
                "(VALUES (1))",
                "show work_mem",
            })
    void a_semicolon_that_parts_nothing_and_a_plan_that_runs_nothing_pass(String sql) {
        assertTrue(sql.startsWith(TextGate.admit(sql).sql()));
    }

    @ParameterizedTest
    @CsvSource({"selec 1, SELECT", "wiht x, WITH", "delte from t, DELETE", "42, Begin with SELECT"})
    void a_first_word_that_begins_nothing_is_answered_with_the_nearest(String sql, String named) {
        var refused = assertThrows(ToolException.class, () -> TextGate.admit(sql));
        assertEquals(ErrorCode.INVALID_INPUT, refused.code());
        assertTrue(Objects.requireNonNull(refused.hint()).contains(named), refused.hint());
    }

    @Test
    void a_parameter_becomes_a_question_mark_and_an_operator_keeps_its_own() {
        Admitted admitted = TextGate.admit("SELECT $2, doc ? $1, $2");
        assertEquals("SELECT ?, doc ?? ?, ?", admitted.jdbcText());
        assertEquals(List.of(2, 1, 2), admitted.parameterOrder());
    }

    @Test
    void a_text_over_the_limit_is_refused() {
        String sql = "SELECT '" + "x".repeat(TextGate.MOST_BYTES) + "'";
        assertThrows(ToolException.class, () -> TextGate.admit(sql));
    }
}
