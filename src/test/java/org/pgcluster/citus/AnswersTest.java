package org.pgcluster.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class AnswersTest {
    @Test
    void a_node_built_without_libxml_is_told_apart_from_one_that_is_down() {
        String said = Answers.refusal("ERROR:  unsupported XML feature\n");
        assertTrue(said.startsWith("ERROR:  unsupported XML feature: ") && said.contains("without libxml"), said);
    }

    @Test
    void any_other_refusal_keeps_its_words_on_one_line() {
        assertEquals("ERROR: denied CONTEXT: here", Answers.refusal("ERROR: denied\n  CONTEXT: here\n"));
    }
}
