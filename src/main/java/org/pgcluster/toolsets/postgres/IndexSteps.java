package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.CreateIndex.Input;

/** The statements that build an index and leave no invalid one behind. */
final class IndexSteps {
    private static final String WHERE = "coordinator";

    private IndexSteps() {}

    static List<Step> of(Input input, IndexFacts facts) {
        String index = facts.quotedIndex();
        String concurrently = input.concurrently() ? "CONCURRENTLY " : "";
        List<Step> steps = new ArrayList<>();
        if (facts.leftover()) {
            steps.add(Step.concurrent(WHERE, "DROP INDEX CONCURRENTLY IF EXISTS " + index));
        }
        String create = create(input, facts, concurrently);
        steps.add(input.concurrently() ? Step.concurrent(WHERE, create) : Step.statement(WHERE, create));
        if (input.concurrently()) {
            steps.add(Step.ifAnEarlierOneFailed(WHERE, "DROP INDEX CONCURRENTLY IF EXISTS " + index));
        }
        return steps;
    }

    private static String parts(String name, List<String> expressions) {
        expressions.forEach(expression -> ChangeText.part(name, expression));
        return String.join(", ", expressions);
    }

    private static String create(Input input, IndexFacts facts, String concurrently) {
        return "CREATE " + (input.unique() ? "UNIQUE " : "") + "INDEX " + concurrently + ChangeText.quoted(facts.name())
                + " ON "
                + facts.quotedTable() + " USING "
                + input.method().name().toLowerCase(Locale.ROOT) + " (" + parts("columns", input.columns()) + ")"
                + input.include()
                        .map(more -> " INCLUDE (" + parts("include", more) + ")")
                        .orElse("")
                + input.where()
                        .map(condition -> " WHERE (" + ChangeText.part("where", condition) + ")")
                        .orElse("");
    }
}
