package org.pgcluster.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.error.ToolException;

class JsonTextTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{}x",
                "[1,]",
                "{\"a\":1,}",
                "{\"a\":1,\"a\":2}",
                "{a:1}",
                "'a'",
                "01",
                "1.",
                ".5",
                "+1",
                "-",
                "1e",
                "nul",
                "NaN",
                "\"a",
                "\"\t\"",
                "\"\\x\"",
                "\"\\u12g4\"",
                "[1 2]",
                "{\"a\" 1}",
                "// c\n1",
                "1e99999999999"
            })
    void what_is_not_json_is_refused(String text) {
        assertThrows(ToolException.class, () -> JsonText.read(text));
    }

    @Test
    void a_deep_text_is_refused_and_not_followed() {
        assertThrows(ToolException.class, () -> JsonText.read("[".repeat(100_000)));
    }

    @Test
    void numbers_come_back_exact() {
        var expected = Arrays.<@Nullable Object>asList(
                0L,
                -0L,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                new BigDecimal("9223372036854775808"),
                new BigDecimal("0.10"),
                new BigDecimal("1E+2"),
                null);
        var text = "[0,-0,9223372036854775807,-9223372036854775808,9223372036854775808,0.10,1e2,null]";
        assertEquals(expected, JsonText.read(text));
    }

    @Test
    void what_is_no_number_is_a_word_in_an_answer_and_nothing_to_sign() {
        assertEquals("[\"NaN\",\"-Infinity\"]", JsonText.write(List.of(Double.NaN, Double.NEGATIVE_INFINITY)));
        assertThrows(IllegalArgumentException.class, () -> Canonical.json(Double.NaN));
    }

    @Test
    void half_pairs_and_controls_survive() {
        var text = "\ud800 \udc00 \ud83d\ude00 \u0000\u001f\u007f\u2028\"\\/\n";
        assertEquals(text, JsonText.read(JsonText.write(text)));
        assertEquals("\"\\ud800 \\udc00 \ud83d\ude00 \\u0000\\u001f\\u007f\\u2028\\\"\\\\/\\n\"", JsonText.write(text));
    }

    @Test
    void one_value_has_one_canonical_text_and_two_have_two() {
        var ab = new LinkedHashMap<String, @Nullable Object>();
        ab.put("a", 1);
        ab.put("b", null);
        var ba = new LinkedHashMap<String, @Nullable Object>();
        ba.put("b", null);
        ba.put("a", 1L);
        assertEquals(Canonical.json(ab), Canonical.json(ba));
        List<Object> different = List.of(
                ab,
                Map.of("a", 1),
                Map.of("a", "1, b=2"),
                Map.of("a", 1, "b", 2),
                Map.of("a", "1"),
                Map.of("a", List.of(1)),
                Map.of("a", List.of(List.of(1))),
                Map.of("a", "1\",\"b\":\"2"),
                Map.of("a", "1", "b", "2"),
                Map.of("a", new BigDecimal("1.0")),
                Map.of("a", "\ud800"),
                Map.of("a", "?"),
                Map.of("a", "\\ud800"),
                Map.of(),
                List.of(),
                "",
                "null",
                0,
                false);
        var seen = new HashMap<String, Object>();
        for (var value : different) {
            assertEquals(null, seen.put(Canonical.json(value), value));
        }
        assertNotEquals(Canonical.json(null), Canonical.json("null"));
    }

    @Test
    void a_cursor_continues_its_own_list_only() {
        List<@Nullable Object> key = Arrays.asList("public", 5L, null, new BigDecimal("1.50"), "ä");
        var cursor = Cursor.write("list_tables public", key);
        assertEquals(key, Cursor.read("list_tables public", cursor));
        for (var wrong : List.of("", ".", "x", cursor + "x", "A" + cursor, cursor.substring(1), "%%." + "1")) {
            assertThrows(ToolException.class, () -> Cursor.read("list_tables public", wrong), wrong);
        }
        assertThrows(ToolException.class, () -> Cursor.read("list_tables other", cursor));
    }
}
