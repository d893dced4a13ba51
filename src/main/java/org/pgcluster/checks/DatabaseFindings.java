package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState.Fact;

/** What was found in one database, each with the fact that it is about. */
final class DatabaseFindings {
    private final List<Finding> all = new ArrayList<>();

    List<Finding> all() {
        return all;
    }

    void add(String id, Severity severity, Sure sure, Fact fact, String title, String advice, Optional<Next> next) {
        add(id, severity, sure, fact, title, advice, next, Optional.empty());
    }

    void add(
            String id,
            Severity severity,
            Sure sure,
            Fact fact,
            String title,
            String advice,
            Optional<Next> next,
            Optional<String> byHand) {
        all.add(new Finding(
                "database." + id,
                severity,
                sure,
                "postgres",
                fact.subject(),
                title,
                fact.values(),
                advice,
                next,
                byHand));
    }
}
