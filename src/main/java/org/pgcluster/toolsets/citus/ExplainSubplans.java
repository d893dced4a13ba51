package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;

/** Why a part is computed before the rest: Citus tells which one as it plans. */
final class ExplainSubplans {
    private static final int LONGEST = 300;
    private static final Pattern WRAPPED = Pattern.compile("(?s)Wrapping relation \"(.*?)\".*to a subquery.*");
    private static final Pattern SUBPLAN =
            Pattern.compile("(?s)generating subplan \\d+_\\d+ for (CTE (\\S+):|subquery) ?(.*)");

    private ExplainSubplans() {}

    static List<Finding> findings(List<String> notices, ExplainParts parts, UnaryOperator<String> shown) {
        List<Finding> findings = new ArrayList<>();
        List<String> wrapped = new ArrayList<>();
        for (String notice : notices) {
            var wrapping = WRAPPED.matcher(notice);
            var subplan = SUBPLAN.matcher(notice);
            if (wrapping.matches()) {
                wrapped.add(wrapping.group(1));
            } else if (subplan.matches()) {
                findings.add(finding(Optional.ofNullable(subplan.group(2)), shown.apply(subplan.group(3)), wrapped));
            }
        }
        if (parts.all().stream().anyMatch(part -> part.name().startsWith("SELECT of"))) {
            findings.add(ofInsert());
        }
        return findings;
    }

    private static Finding finding(Optional<String> cte, String sql, List<String> wrapped) {
        Optional<String> table = wrapped.stream()
                .filter(name -> sql.matches("(?s)SELECT .* FROM (\\S+\\.)?\"?" + Pattern.quote(name) + "\"?( .*)?"))
                .findFirst();
        table.ifPresent(wrapped::remove);
        if (table.isPresent()) {
            return finding(
                    "citus.explain.table_of_another_kind",
                    table.get(),
                    table.get() + " is joined with tables that lie elsewhere, so its rows are sent to them.",
                    sql,
                    "A small table that changes seldom: create_reference_table. One with the same key:"
                            + " convert_to_distributed with colocate_with. Or filter it, so that little is sent.");
        }
        String what = cte.map(name -> "CTE " + name).orElse("A subquery");
        return finding(
                cte.isPresent() ? "citus.explain.cte" : "citus.explain.subquery",
                cte.orElse("subquery"),
                what + " is computed first, and its rows go through the coordinator to the rest.",
                sql,
                (cte.isPresent()
                                ? "Written with NOT MATERIALIZED, or as a join on the distribution column, it can be planned with"
                                        + " the rest. "
                                : "")
                        + ofShape(sql.toUpperCase(Locale.ROOT)));
    }

    private static String ofShape(String sql) {
        if (sql.matches("(?s).*\\b(LIMIT|OFFSET)\\b.*")) {
            return "Its LIMIT counts over all shards: with <distribution column> = <value> inside it too, the whole is routed.";
        }
        if (sql.matches("(?s).*\\bGROUP BY\\b.*|.*\\bDISTINCT\\b.*|.*\\bOVER \\(.*")) {
            return "Group (DISTINCT, PARTITION BY) by the distribution column too and join on it, and each shard computes its own.";
        }
        if (sql.matches("(?s)SELECT (COUNT|MIN|MAX|SUM|AVG)\\(.*")) {
            return "It is one value over all shards: ask for it in a statement of its own and pass it, or filter the"
                    + " distribution column inside it too.";
        }
        return "It is not tied to the rest by the distribution column: add AND <its column> = <that of the outer table>.";
    }

    private static Finding ofInsert() {
        return finding(
                "citus.explain.insert_select",
                "INSERT … SELECT",
                "The rows of the SELECT go through the coordinator.",
                null,
                "From a co-located table, its distribution column put into the target's, without LIMIT, OFFSET or an aggregate over"
                        + " several values of it, each shard inserts its own.");
    }

    private static Finding finding(String id, String subject, String title, @Nullable String sql, String advice) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        if (sql != null) {
            evidence.put("computed_first", sql.length() > LONGEST ? sql.substring(0, LONGEST) + "…" : sql);
        }
        return new Finding(
                id,
                Severity.WARNING,
                Sure.CERTAIN,
                "citus",
                subject,
                title,
                evidence,
                advice,
                Optional.empty(),
                Optional.empty());
    }
}
