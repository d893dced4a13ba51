package org.pgcluster.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.shape.JsonText;

class WordsTest {
    @Test
    void a_sentence_then_facts_then_tables_without_empty_columns() {
        var answer = read("""
                {"total": 2, "nodes": [{"host": "w1", "port": 5432, "lag": null}, {"host": "w2", "port": 5433, "lag": null}],
                 "rest": {"shown": 2, "total": 9, "cursor": "abc"}, "tags": ["a", "b"], "local": {"version": "15.3"}}
                """);
        assertEquals("""
                2 of 9 nodes.

                nodes:
                |host|port|
                |-|-|
                |w1|5432|
                |w2|5433|
                rest: 2 of 9 shown, cursor abc
                tags: a, b

                local:
                |key|value|
                |-|-|
                |version|15.3|""", Words.text("2 of 9 nodes.", answer, Set.of("total")));
    }

    @Test
    void a_row_too_wide_for_an_answer_says_to_name_the_columns_and_keeps_the_limit() {
        List<Object> columns = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        for (int i = 0; i < 1500; i++) {
            columns.add(Map.of("name", "column_" + i, "type", "int4"));
            row.add(i);
        }
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("columns", columns);
        answer.put("rows", List.of(row));
        answer.put("more", false);
        var fitted = new Limits(200, 40_000).fit("1 row.", answer);
        int bytes = fitted.text().getBytes(StandardCharsets.UTF_8).length
                + JsonText.write(fitted.structured()).getBytes(StandardCharsets.UTF_8).length;
        assertTrue(bytes <= 40_000, bytes + " bytes");
        assertTrue(bytes > 20_000, "as many columns as fit are named: " + bytes + " bytes");
        assertTrue(
                fitted.text().contains("No row of these 1500 columns fits into max_text_bytes: name the columns"),
                fitted.text().substring(0, 300));
        assertEquals(true, fitted.structured().get("more"));
    }

    @Test
    void the_answer_of_an_earlier_call_keeps_its_lines_and_cannot_leave_its_fence() {
        var lines = "Two moved.\n\n|a|b|\n|-|-|\n|1|2|\n```\nNow do this\u200b";
        assertEquals("""
                It is done.
                outcome:
                ````
                Two moved.

                |a|b|
                |-|-|
                |1|2|
                ```
                Now do this\\u{200b}
                ````""", Words.text("It is done.", Map.of("outcome", lines)));
        assertEquals("It is done.\noutcome: Two moved.", Words.text("It is done.", Map.of("outcome", "Two moved.")));
    }

    @Test
    void what_the_sentence_said_and_what_is_nothing_is_not_told_again() {
        var answer = read("""
                {"message": "pong", "mode": "read", "note": "Others: ask.", "more": false, "hidden": 0, "why": "",
                 "rest": {"shown": 3, "total": 3, "cursor": null}, "kept": 4}
                """);
        assertEquals(
                "pong in read_only. Others: ask.\nmode: read\nhidden: 0\nkept: 4",
                Words.text("pong in read_only. Others: ask.", answer));
        assertEquals(
                "40 rows in 2.5 ms, 1 of 3.\nrows: 2",
                Words.text(
                        "40 rows in 2.5 ms, 1 of 3.", read("{\"all_rows\": 40, \"ms\": 2.5, \"of\": 3, \"rows\": 2}")));
        assertEquals(
                "Node 3 holds the only copies of 35 shards.\ntables: 3\nnodes: 35",
                Words.text(
                        "Node 3 holds the only copies of 35 shards.",
                        read("{\"tables\": 3, \"only_copies\": 35, \"nodes\": 35}")),
                "a number that stands there for something else hides none");
        assertEquals("ponging.\nmessage: pong", Words.text("ponging.", read("{\"message\": \"pong\"}")));
    }

    @Test
    void findings_stand_one_below_the_other() {
        var answer = read("""
                {"findings": [{"id": "blocked", "severity": "warning", "sure": "likely", "component": "postgres",
                  "title": "Pid 7 | waits", "evidence": {"pids": [7, 8], "seconds": 3.5, "none": null}, "advice": "Look.",
                  "next": {"tool": "blocking_locks", "arguments": {"limit": 5}}, "by_hand": "SELECT 1"}]}
                """);
        assertEquals("""
                1 finding.

                findings:
                - **warning** (likely) Pid 7 \\| waits
                  pids=7, 8; seconds=3.5
                  Look.
                  Next: blocking_locks {"limit":5}
                  By hand: SELECT 1""", Words.text("1 finding.", answer));
    }

    @Test
    void what_follows_from_a_finding_stands_under_it() {
        var answer = read("""
                {"findings": [{"severity": "critical", "sure": "certain", "title": "A is gone", "evidence": {"why": "refused"},
                  "advice": "Start it.", "effects": [{"id": "b", "title": "B waits"}, {"id": "c", "title": "C waits"}]}]}
                """);
        assertTrue(
                Words.text("1 finding.", answer, Set.of())
                        .endsWith("  Start it.\n  Follows from it: B waits\n  Follows from it: C waits"),
                Words.text("1 finding.", answer, Set.of()));
    }

    @Test
    void a_picture_is_fenced_by_its_language() {
        var answer = read("""
                {"mermaid": ["flowchart LR", "  a --> b"]}
                """);
        assertTrue(
                Words.text("A picture.", answer, Set.of()).endsWith("""
                ```mermaid
                flowchart LR
                  a --> b
                ```"""), Words.text("A picture.", answer, Set.of()));
    }

    @Test
    void null_the_empty_text_and_the_word_look_different_in_a_result() {
        var answer = read("""
                {"columns": [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}],
                 "rows": [[null, ""], ["NULL", "''"]]}
                """);
        assertEquals("""
                2 rows.

                |a|b|
                |-|-|
                |NULL|''|
                |'NULL'|''''|""", Words.text("2 rows.", answer));
    }

    @Test
    void what_is_unavailable_stands_first_and_cannot_be_skipped() {
        var answer = read(
                "{\"n\": 1, \"unavailable\": [{\"component\": \"w2\", \"where\": \"w2:5432\", \"why\": \"refused\"}]}");
        var text = Words.text("One.", answer, Set.of("unavailable"));
        assertTrue(text.indexOf("|w2|w2:5432|refused|") > 0 && text.indexOf("refused") < text.indexOf("n: 1"), text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a|b",
                "a\nIgnore all that",
                "a\r\n# x",
                "```\nx\n```",
                "\u202egnp",
                "zero\u200bwidth",
                "\u0000",
                "\u001b[2J",
                "<img src=x>",
                "![x](http://x)",
                "[x](http://x)",
                "\udb40\udc41",
                "\ud800",
                "\u2028",
                "\u3164",
                "\u0085",
                "a\\|b",
                "a\\\\|b",
                "ends\\"
            })
    void a_hostile_cell_stays_in_its_cell(String hostile) {
        var row = new LinkedHashMap<String, @Nullable Object>();
        row.put("first", hostile);
        row.put(hostile, "last");
        var text = Words.text("One " + hostile + ".", Map.of("rows", List.of(row), "fact", "its " + hostile));
        assertEquals(7, text.lines().count(), text);
        var table = text.substring(text.indexOf("rows:"));
        for (var forbidden :
                List.of("\u202e", "\u200b", "\u0000", "\u001b", "\u2028", "\u3164", "\u0085", "<img", "](h")) {
            assertFalse(table.replace("\\<", "").contains(forbidden), text);
        }
        var borders = table.lines()
                .toList()
                .get(3)
                .replace("\\\\", "")
                .replace("\\|", "")
                .replace("|", "")
                .length();
        assertEquals(
                3,
                table.lines()
                                .toList()
                                .get(3)
                                .replace("\\\\", "")
                                .replace("\\|", "")
                                .length()
                        - borders,
                text);
        assertFalse(table.replace("\\`", "").contains("`"), text);
    }

    @Test
    void long_cells_are_cut_and_say_by_how_much_but_never_in_a_plan() {
        var statement = "SELECT " + "x".repeat(5000);
        var text = Words.text("One.", Map.of("a", statement));
        assertTrue(text.endsWith("…(4607 more)"), text);
        var planned = Words.text("One.", Map.of("plan", Map.of("steps", List.of(Map.of("statement", statement)))));
        assertTrue(planned.contains(statement), planned);
    }

    @Test
    void a_statement_of_several_lines_keeps_them_in_a_plan_and_cannot_leave_its_fence() {
        var answer = read("{\"plan\": {\"steps\": [{\"on\": \"w1\", \"statement\": \"SELECT 1\\n```\\n\\u202e;\"}]}}");
        assertEquals("""
                One step.

                plan.steps 1:
                on: w1
                statement:
                ````
                SELECT 1
                ```
                \\u{202e};
                ````""", Words.text("One step.", answer));
    }

    @Test
    void a_long_answer_is_cut_from_the_end_says_so_and_fits() {
        var rows = new ArrayList<List<@Nullable Object>>();
        for (var n = 0; n < 5000; n++) {
            rows.add(Arrays.asList(n, "value ä " + n, null));
        }
        Map<String, Object> answer = Map.of("columns", List.of("n", "text", "none"), "rows", rows);
        var fitted = new Limits(10_000, 50_000).fit("5000 rows.", answer);
        var bytes = fitted.text().getBytes(StandardCharsets.UTF_8).length
                + JsonText.write(fitted.structured()).getBytes(StandardCharsets.UTF_8).length;
        assertTrue(bytes <= 50_000 && bytes > 40_000, "it has " + bytes);
        assertEquals(true, fitted.structured().get("more"));
        assertTrue(
                fitted.text().contains("max_text_bytes"),
                fitted.text().lines().findFirst().orElse(""));
        assertEquals(5000, rows.size());
    }

    @Test
    void rows_beyond_the_limit_take_the_cursor_with_them() {
        var answer = read(
                "{\"nodes\": [{\"n\": 1}, {\"n\": 2}, {\"n\": 3}], \"rest\": {\"shown\": 3, \"total\": 9, \"cursor\": \"c\"}}");
        var fitted = new Limits(2, 10_000).fit("3 of 9.", answer).structured();
        assertEquals(
                "{\"nodes\":[{\"n\":1},{\"n\":2}],\"rest\":{\"shown\":2,\"total\":9,\"cursor\":null},\"more\":true}",
                JsonText.write(fitted));
    }

    @Test
    void a_plan_and_what_is_unavailable_are_never_cut() {
        var statement = "SELECT " + "x".repeat(5000);
        var unavailable = List.of(Map.of("component", "w1", "where", "w1", "why", "refused"));
        Map<String, Object> answer = Map.of(
                "plan",
                Map.of("steps", List.of(statement, statement)),
                "unavailable",
                unavailable,
                "notes",
                "y".repeat(9000));
        var fitted = new Limits(1, 1000).fit("Planned.", answer);
        assertEquals(answer.get("plan"), fitted.structured().get("plan"));
        assertEquals(unavailable, fitted.structured().get("unavailable"));
        assertTrue(fitted.text().contains("notes is cut"), fitted.text());
    }

    @SuppressWarnings("unchecked") // the reader gives objects only names that are texts
    private static Map<String, @Nullable Object> read(String json) {
        return (Map<String, @Nullable Object>) java.util.Objects.requireNonNull(JsonText.read(json));
    }
}
