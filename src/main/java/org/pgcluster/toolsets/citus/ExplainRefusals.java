package org.pgcluster.toolsets.citus;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.Citus;
import org.pgcluster.error.ToolException;
import org.pgcluster.toolsets.citus.ExplainTables.ShardTable;

/** Statements that Citus has no plan for, and what to write instead. */
final class ExplainRefusals {
    private static final String NOT_SUPPORTED = "0A000";
    private static final String REPARTITION = "requires repartitioning";

    private ExplainRefusals() {}

    static boolean repartitions(ToolException refused) {
        return refused.text().contains(REPARTITION);
    }

    private static boolean merges(ToolException refused) {
        return refused.text().contains("MERGE") || refused.text().contains("required join operation is missing");
    }

    static Optional<Finding> of(ToolException refused, String sql, Citus citus) {
        // The refusals of repartition joins and of MERGE come as internal errors.
        if (!NOT_SUPPORTED.equals(refused.sqlstate()) && !repartitions(refused) && !merges(refused)) {
            return Optional.empty();
        }
        List<String> words = Arrays.stream(sql.split("[^\\p{L}\\p{N}_$]+", -1))
                .filter(word -> !word.isBlank())
                .flatMap(word -> java.util.stream.Stream.of(word, word.toLowerCase(java.util.Locale.ROOT)))
                .distinct()
                .toList();
        List<ShardTable> tables = ExplainTables.named(citus, words);
        if (tables.isEmpty()) {
            return Optional.empty();
        }
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        evidence.put("citus_says", refused.text());
        evidence.put("tables", tables.stream().map(ExplainRefusals::inWords).toList());
        return Optional.of(new Finding(
                repartitions(refused) ? "citus.explain.repartition" : "citus.explain.refused",
                Severity.WARNING,
                Sure.CERTAIN,
                "citus",
                tables.get(0).schema() + "." + tables.get(0).name(),
                merges(refused) ? "Citus refuses this MERGE." : title(tables),
                evidence,
                merges(refused) ? adviceOnMerge(refused, tables) : advice(tables),
                Optional.empty(),
                Optional.empty()));
    }

    private static String inWords(ShardTable table) {
        return table.inWords() + " in colocation " + table.colocationId();
    }

    private static List<ShardTable> split(List<ShardTable> tables) {
        return tables.stream()
                .filter(table -> table.colocationId() != 0 && !copied(table))
                .toList();
    }

    private static boolean copied(ShardTable table) {
        return table.kind() == org.pgcluster.citus.TableKind.REFERENCE;
    }

    private static long groups(List<ShardTable> tables) {
        return split(tables).stream().map(ShardTable::colocationId).distinct().count();
    }

    private static String title(List<ShardTable> tables) {
        return groups(tables) > 1
                ? "Not routed: it joins tables of different colocation groups, whose rows lie on different nodes."
                : "Not routed: its tables are not joined on their distribution columns.";
    }

    private static String adviceOnMerge(ToolException refused, List<ShardTable> tables) {
        if (refused.text().contains("source must be")) {
            return "Put the source's rows into a table of Citus first, distributed by the same column or a reference table; or"
                    + " write INSERT … ON CONFLICT DO UPDATE.";
        }
        if (refused.text().contains("MERGE command is not supported on")) {
            return "This Citus has no MERGE, 11.3 is the first: write INSERT … ON CONFLICT DO UPDATE, or UPDATE … FROM and"
                    + " DELETE … USING in one transaction.";
        }
        // Before 12.0 MERGE takes co-located tables only, and says so of both.
        if (refused.text().contains("source and target must be")) {
            return "Put the source's rows into a table co-located with the target first, and join it by the key; or write"
                    + " INSERT … ON CONFLICT DO UPDATE.";
        }
        String key = split(tables).stream()
                .filter(table -> table.keyColumn() != null)
                .map(table -> table.name() + "." + table.keyColumn())
                .findFirst()
                .orElse("the target's distribution column");
        return "Join the source to the target by equality on " + key + ", in ON and not only in WHEN.";
    }

    private static String advice(List<ShardTable> tables) {
        List<ShardTable> split = split(tables);
        if (groups(tables) > 1) {
            return "Make the small one a reference table (create_reference_table), or distribute both by the column that joins"
                    + " them, co-located; or compute one side first in a CTE with AS MATERIALIZED, whose rows travel.";
        }
        List<String> keys = split.stream()
                .filter(table -> table.keyColumn() != null)
                .map(table -> table.name() + "." + table.keyColumn())
                .toList();
        return keys.size() < 2
                ? "Join it on the distribution column, or compute one side first in a CTE with AS MATERIALIZED."
                : "Add the distribution columns to the join: AND " + String.join(" = ", keys) + ".";
    }
}
