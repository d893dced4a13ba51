package org.pgcluster.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;

class ClientFileTest {
    private static String merged(String before) {
        return new ClientFile(Client.CURSOR, before).with("pgcluster", Map.of("command", "java"));
    }

    @Test
    void a_file_that_is_not_there_yet_holds_the_entry_alone() {
        assertEquals("""
                {
                  "mcpServers": {
                    "pgcluster": {
                      "command": "java"
                    }
                  }
                }
                """, merged(""));
    }

    @Test
    void everything_else_stays_with_its_order_and_its_numbers() {
        var after = merged(
                "{\"theme\":\"dark\",\"n\":1.10,\"mcpServers\":{\"other\":{\"args\":[]}},\"list\":[1,null,\"ü\"]}");
        assertEquals(
                JsonText.read("{\"theme\":\"dark\",\"n\":1.10,\"mcpServers\":{\"other\":{\"args\":[]},"
                        + "\"pgcluster\":{\"command\":\"java\"}},\"list\":[1,null,\"ü\"]}"),
                JsonText.read(after));
        assertTrue(after.indexOf("theme") < after.indexOf("mcpServers"));
        assertTrue(after.contains("1.10"), after);
    }

    @Test
    void an_earlier_entry_of_the_same_name_is_replaced_and_a_second_merge_changes_nothing() {
        var once = merged("{\"mcpServers\":{\"pgcluster\":{\"command\":\"old\"}}}");
        assertTrue(!once.contains("old"));
        assertEquals(once, merged(once));
    }

    @Test
    void what_cannot_be_read_is_refused_instead_of_overwritten() {
        for (var text :
                List.of("{ // mine", "/* {}", "{\"a\":1,,}", "[]", "{\"mcpServers\": []}", "{\"a\":1,\"a\":2}")) {
            assertThrows(ToolException.class, () -> merged(text), text);
        }
    }

    @Test
    void each_client_gets_the_shape_that_it_reads() {
        assertEquals(
                "{\"servers\":{\"pgcluster\":{\"type\":\"stdio\",\"command\":\"java\"}}}",
                JsonText.write(
                        JsonText.read(new ClientFile(Client.VSCODE, "").with("pgcluster", Map.of("command", "java")))));
        assertEquals(
                "{\"mcpServers\":{\"pgcluster\":{\"type\":\"local\",\"tools\":[\"*\"],\"command\":\"java\"}}}",
                JsonText.write(JsonText.read(
                        new ClientFile(Client.COPILOT, "").with("pgcluster", Map.of("command", "java")))));
    }

    @Test
    void servers_that_vs_code_does_not_read_move_to_where_it_does_and_never_replace_one() {
        var before = "{\"inputs\":[],\"servers\":{\"a\":{\"command\":\"new\"}},"
                + "\"mcpServers\":{\"a\":{\"command\":\"old\"},\"citus-mcp\":{\"command\":\"c\",\"cwd\":\"/d\"}}}";
        var file = new ClientFile(Client.VSCODE, before);
        assertEquals(List.of("a", "citus-mcp"), file.unread());
        assertEquals(
                JsonText.read("{\"inputs\":[],\"servers\":{\"a\":{\"command\":\"new\"},"
                        + "\"citus-mcp\":{\"type\":\"stdio\",\"command\":\"c\",\"cwd\":\"/d\"},"
                        + "\"pgcluster\":{\"type\":\"stdio\",\"command\":\"java\"}}}"),
                JsonText.read(file.with("pgcluster", Map.of("command", "java"))));
        assertEquals(List.of(), new ClientFile(Client.CURSOR, before).unread());
    }

    @Test
    void what_goes_again_leaves_the_others() {
        var both = new ClientFile(Client.VSCODE, "{\"servers\":{\"a\":{},\"pgcluster\":{}}}");
        assertEquals(
                JsonText.read("{\"servers\":{\"a\":{}}}"),
                JsonText.read(both.without("pgcluster").orElseThrow()));
        assertTrue(both.without("other").isEmpty());
    }

    private static final String COMMENTED = """
            // what I use at work
            {
              "inputs": [], /* none, */
              "servers": {
                "a": {
                  "command": "x // no comment", // a's own
                }, // the one I need
                // "b": {},
              },
            }
            """;

    @Test
    void comments_stay_where_they_are_and_so_does_everything_else() {
        var once = new ClientFile(Client.VSCODE, COMMENTED).with("pgcluster", Map.of("command", "java"));
        var entry = "\"pgcluster\": {\n      \"type\": \"stdio\",\n      \"command\": \"java\"\n    }\n    ";
        assertEquals(COMMENTED.replace("// \"b\"", entry + "// \"b\""), once);
        var file = new ClientFile(Client.VSCODE, once);
        assertEquals(once, file.with("pgcluster", Map.of("command", "java")));
        assertTrue(file.with("pgcluster", Map.of("command", "other")).contains("\"other\""));
        assertEquals(
                COMMENTED.replace("}, // the one", "} // the one"),
                file.without("pgcluster").orElseThrow());
    }

    @Test
    void what_moves_moves_among_comments_too() {
        var before = "{\n  // old\n  \"mcpServers\": {\"citus-mcp\": {\"command\": \"c\"}}\n}\n";
        var after = new ClientFile(Client.VSCODE, before).with("pgcluster", Map.of("command", "java"));
        assertTrue(after.contains("// old"), after);
        assertEquals(
                JsonText.read("{\"servers\":{\"citus-mcp\":{\"type\":\"stdio\",\"command\":\"c\"},"
                        + "\"pgcluster\":{\"type\":\"stdio\",\"command\":\"java\"}}}"),
                new CommentedJson(after).read());
    }

    @Test
    void wherever_comments_and_commas_stand_an_entry_comes_and_goes() {
        for (var text : List.of(
                "{}//",
                "/**/{/**/}",
                "{\"servers\":{}//x\n}",
                "{\"servers\":{/*y*/},}",
                "{\"servers\":{\"a\":1,//x\n}}",
                "{\"servers\":{\"a\":{\"u\":\"http://h/*\"}//x\n,\"b\":[1,],},\"c\":true/*z*/}",
                "\ufeff{\"c\": 1.50, // \"\n \"servers\" : {\"a\\\"\" :null}}",
                "{// x\r\n\t\"servers\": {\r\n\t\t\"a\": 1 // y\r\n\t}\r\n}\r\n")) {
            var after = new ClientFile(Client.VSCODE, text).with("pgcluster", Map.of("command", "java"));
            for (var comment : List.of("//x", "/*y*/", "/*z*/", "// \"", "// y")) {
                assertEquals(text.contains(comment), after.contains(comment), after);
            }
            var gone = new ClientFile(Client.VSCODE, after).without("pgcluster").orElseThrow();
            assertTrue(!gone.contains("pgcluster"), gone);
        }
    }

    @Test
    void a_mark_at_the_beginning_is_no_part_of_the_file() {
        assertEquals(merged("{\"a\":1}"), merged("\ufeff{\"a\":1}"));
    }
}
