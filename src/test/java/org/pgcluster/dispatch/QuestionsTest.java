package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The questions of an operator, each with the one tool that it has to lead to, as a reader of the list alone is asked. */
class QuestionsTest {
    /** Two tools only where the question itself leaves open which of them it means. */
    private record Question(String text, Set<String> tools) {}

    private static List<Question> questions() throws IOException {
        return Files.readAllLines(Path.of("src/test/resources/questions.csv")).stream()
                .skip(1)
                .map(line -> line.split("\\|", -1))
                .map(parts -> new Question(parts[0], Set.of(parts[1].split("/", -1))))
                .toList();
    }

    private static List<String[]> catalogue() throws IOException {
        return Files.readAllLines(Path.of("src/main/resources/catalogue.tsv")).stream()
                .map(line -> line.split("\t", -1))
                .toList();
    }

    @Test
    void each_leads_to_a_tool_that_is_there_and_none_gives_its_name_away() throws IOException {
        Set<String> tools = catalogue().stream().map(parts -> parts[1]).collect(Collectors.toSet());
        Set<String> texts = new HashSet<>();
        for (Question question : questions()) {
            assertTrue(tools.containsAll(question.tools()), question.toString());
            assertTrue(texts.add(question.text()), question.text());
            assertFalse(question.tools().stream().anyMatch(question.text()::contains), question.text());
        }
        assertTrue(texts.size() >= 60, texts.size() + " questions");
    }

    /** A tool that no question leads to is one that nobody would miss, or whose question was forgotten. */
    @Test
    void every_reading_tool_is_asked_for() throws IOException {
        Set<String> asked = questions().stream()
                .flatMap(question -> question.tools().stream())
                .collect(Collectors.toSet());
        Set<String> forgotten = new TreeSet<>();
        for (String[] parts : catalogue()) {
            boolean again = parts[4].contains("\"The same as ");
            if (parts[2].equals("READS") && !again && !asked.contains(parts[1])) {
                forgotten.add(parts[1]);
            }
        }
        assertEquals(Set.of(), forgotten);
    }
}
