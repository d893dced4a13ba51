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
        return ClientFile.merged(before, "pgcluster", Map.of("command", "java"));
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
        for (var text : List.of("{ // mine\n}", "[]", "{\"mcpServers\": []}", "{\"a\":1,\"a\":2}")) {
            assertThrows(ToolException.class, () -> merged(text), text);
        }
    }
}
