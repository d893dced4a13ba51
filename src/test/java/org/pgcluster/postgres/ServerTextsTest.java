package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerTextsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            select * from t where a = 'x''y' and b=42           | select * from t where a = ? and b=?
            select E'a\\'b', e'', '', 1.5e3, t1.c2, $1, "o'x" | select ?, ?, ?, ?, t1.c2, $1, "o'x"
            select $$a$$, $q$b $$ c$q$, a$b$c                   | select ?, ?, a$b$c
            select 1 -- for Ada                                 | select ?
            select /* Ada */ 'cut in the mid                    | select   ?
            select $q$cut                                       | select ?
            select E'cut\\                                    | select ?
            <insufficient privilege>                            | <insufficient privilege>
            """)
    void values_become_question_marks_and_names_stay(String statement, String shown) {
        assertEquals(shown, ServerTexts.withoutLiterals(statement).strip());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            duplicate key value violates unique constraint "a_key"~DETAIL:  Key (name)=(Ada) already exists. | duplicate key value violates unique constraint "a_key"
            invalid input syntax for type integer: "Ada"               | invalid input syntax for type integer: ?
            value "99999999999" is out of range for type integer       | value ? is out of range for type integer
            relation "orders_102008" does not exist                    | relation "orders_102008" does not exist
            could not connect to 10.0.0.1:5432~HINT:  Is it up?~CONTEXT:  COPY orders, line 1: "1,Ada" | could not connect to 10.0.0.1:5432~HINT:  Is it up?
            Key (name)=(Ada (b)) is not present in table "people".     | Key (name)=(?) is not present in table "people".
            unrecognized word 'Ada''s'                                 | unrecognized word ?
            """)
    void a_message_keeps_what_it_is_about_and_loses_the_row(String message, String shown) {
        assertEquals(shown.replace('~', '\n'), ServerTexts.messageWithoutValues(message.replace('~', '\n')));
    }

    @Test
    void long_ones_take_no_deep_stack() {
        assertTrue(
                ServerTexts.withoutLiterals("select '" + "a''".repeat(100_000)).endsWith(" ?"));
        assertTrue(ServerTexts.withoutLiterals("select E'" + "a\\'".repeat(100_000))
                .endsWith(" ?"));
    }
}
