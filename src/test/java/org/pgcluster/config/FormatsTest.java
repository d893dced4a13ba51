package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a: 1|{a=1@1}@1",
                "a: 1 # why\\nb: x#y|{a=1@1, b=x#y@2}@1",
                "---\\n# top\\na: 'it''s'\\nb: \"x\\\\ty # no\" # yes|{a=it's@3, b=x\\ty # no@4}@3",
                "a: postgres://u:p@h:5/d?x=y|{a=postgres://u:p@h:5/d?x=y@1}@1",
                "a:\\n  b: 1\\n  c:\\n    d: 2\\ne: 3|{a={b=1@2, c={d=2@4}@4}@2, e=3@5}@1",
                "a:\\n- x\\n- y\\nb: z|{a=[x@2, y@3]@2, b=z@4}@1",
                "a:\\n  - x: 1\\n    y: 2\\n  - x: 3|{a=[{x=1@2, y=2@3}@2, {x=3@4}@4]@2}@1",
                "a: [x, 'y, z', {b: 1}]|{a=[x@1, y, z@1, {b=1@1}@1]@1}@1",
                "a: [\\n  x, # one\\n  y,\\n]\\nb: 1|{a=[x@2, y@3]@1, b=1@5}@1",
                "a:\\nb: ~\\nc: null|{a=~@1, b=~@2, c=~@3}@1",
                "\"a b\": 1|{a b=1@1}@1",
                "a: >-\\n  x\\n  y\\nb: 1|{a=x y@1, b=1@4}@1",
                "a: PIPE-\\n  x\\n   y\\nb: 1|{a=x\\n y@1, b=1@4}@1",
            })
    void yaml_is_read_with_its_lines(String text, String expected) throws Unreadable {
        assertEquals(unescaped(expected), shown(Yaml.read(unescaped(text), new Duplicates())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a: 1\\nb: &x 2|2",
                "a: *x|1",
                "a: !!int 3|1",
                "a: 1\\n<<: b|2",
                "a: 1\\n\\tb: 2|2",
                "a: 1\\n  b: 2|2",
                "a: 1\\njunk|2",
                "a: 'x|1",
                "a: [x, y|1",
                "a: 1\\n---\\nb: 2|2",
                "a:\\n    b: 1\\n  c: 2|3",
            })
    void yaml_that_is_not_read_is_refused_with_its_line(String text, int line) {
        var wrong = assertThrows(Unreadable.class, () -> Yaml.read(unescaped(text), new Duplicates()));
        assertEquals(line, wrong.line(), wrong.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a = 1\\nb = \"x\" # why|{a=1@1, b=x@2}@1",
                "a.b = true\\n[c.d]\\ne = 'x\\y'|{a={b=true@1}@1, c={d={e=x\\\\y@3}@2}@2}@1",
                "[clusters.one]\\nmode = \"plan\"\\n[clusters.two]\\nx = [\\n 1,\\n \"b\", # c\\n]|{clusters={one={mode=plan@2}@1, two={x=[1@5, b@6]@4}@3}@1}@1",
                "a = { b = 1, \"c\" = \"=\" }|{a={b=1@1, c==@1}@1}@1",
                "a = \"\"\"\\nx\\ny\"\"\"\\nb = 1|{a=x\\ny@1, b=1@4}@1",
            })
    void toml_is_read_with_its_lines(String text, String expected) throws Unreadable {
        assertEquals(unescaped(expected), shown(Toml.read(unescaped(text), new Duplicates())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a = 1\\nb|2",
                "a = 'x|1",
                "[[a]]|1",
                "a = 1\\n[a]|2",
                "a = [1|1",
                "a = 1\\n = 2|2",
            })
    void toml_that_is_not_read_is_refused_with_its_line(String text, int line) {
        var wrong = assertThrows(Unreadable.class, () -> Toml.read(unescaped(text), new Duplicates()));
        assertEquals(line, wrong.line(), wrong.text());
    }

    @Test
    void json_is_read_with_its_lines() throws Unreadable {
        var text = "{\n \"a\": {\"b\": \"x\\u00e9\\n\"},\n \"c\": [1,\n true, null]\n}";
        assertEquals("{a={b=xé\n@2}@2, c=[1@3, true@4, ~@4]@3}@1", shown(Flow.json(text, new Duplicates())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": 1,\\n\"b\" 2}|2",
                "{\"a\": 1|1",
                "{\"a\": \"x}|1",
                "{}\\nx|2",
                "{\"a\":\\n}|2",
            })
    void json_that_is_not_read_is_refused_with_its_line(String text, int line) {
        var wrong = assertThrows(Unreadable.class, () -> Flow.json(unescaped(text), new Duplicates()));
        assertEquals(line, wrong.line(), wrong.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "yaml|a: 1\\nb: 2\\na: 3|3",
                "toml|a = 1\\nb = 2\\na = 3|3",
                "toml|[a]\\n[b]\\n[a]|3",
                "json|{\"a\": 1,\\n \"b\": 2,\\n\"a\": 3}|3",
            })
    void a_key_that_comes_twice_is_told_with_its_line(String format, String text, int line) throws Unreadable {
        var duplicates = new Duplicates();
        switch (format) {
            case "yaml" -> Yaml.read(unescaped(text), duplicates);
            case "toml" -> Toml.read(unescaped(text), duplicates);
            default -> Flow.json(unescaped(text), duplicates);
        }
        assertEquals(1, duplicates.found().size());
        assertEquals(line, duplicates.found().get(0).line());
    }

    private static String unescaped(String text) {
        return text.replace("PIPE", "|")
                .replace("\\\\", "\u0001")
                .replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("\u0001", "\\");
    }

    private static String shown(Node node) {
        if (node instanceof Node.Scalar scalar) {
            return (scalar.absent() ? "~" : scalar.text()) + "@" + scalar.line();
        }
        var parts = new java.util.ArrayList<String>();
        if (node instanceof Node.Items items) {
            items.nodes().forEach(item -> parts.add(shown(item)));
            return parts + "@" + items.line();
        }
        ((Node.Fields) node).nodes().forEach((key, value) -> parts.add(key + "=" + shown(value)));
        return "{" + String.join(", ", parts) + "}@" + node.line();
    }
}
