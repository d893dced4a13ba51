package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.pgcluster.checks.advice.Candidate;
import org.pgcluster.postgres.Sql;

/** What the writes of a workload cost for an index more, in the planner's unit. */
final class Upkeep {
    /** One entry of a B-tree in the planner's unit, as docs/index-advice.md measures it. */
    private static final double ENTRY = 1.0;

    /** A BRIN index is told of a range of pages, not of each row. */
    private static final double BRIN_ENTRY = 0.1;

    private record Resolved(String asked, String name) {}

    private record Write(double rows, boolean update, Set<String> columns) {}

    private static final String RESOLVED = """
            SELECT asked.name AS asked,
                   pg_catalog.quote_ident(space.nspname) || '.' || pg_catalog.quote_ident(root.relname) AS name
              FROM pg_catalog.unnest(?::pg_catalog.text[]) AS asked(name)
              JOIN pg_catalog.pg_class AS leaf ON leaf.oid = pg_catalog.to_regclass(asked.name)
              JOIN pg_catalog.pg_class AS root
                ON root.oid = coalesce(pg_catalog.pg_partition_root(leaf.oid)::pg_catalog.oid, leaf.oid)
              JOIN pg_catalog.pg_namespace AS space ON space.oid = root.relnamespace
            """;

    private final Map<String, List<Write>> byTable = new HashMap<>();
    private final Map<String, Double> hot = new HashMap<>();

    private Upkeep() {}

    /** {@code sql} finds names as the login does, which is as its statements wrote them. */
    static Upkeep of(Sql sql, List<Workload.Written> written, Statistics statistics) {
        Upkeep upkeep = new Upkeep();
        Set<String> asked = new HashSet<>();
        written.forEach(one -> asked.add(one.change().table()));
        Map<String, String> names = new HashMap<>();
        if (!asked.isEmpty()) {
            sql.list(Resolved.class, RESOLVED, asked).forEach(one -> names.put(one.asked(), one.name()));
        }
        for (Workload.Written one : written) {
            Optional.ofNullable(names.get(one.change().table())).ifPresent(table -> {
                boolean update = one.change().verb().equals("UPDATE");
                boolean enters = !one.change().verb().equals("DELETE");
                if (enters) {
                    upkeep.byTable
                            .computeIfAbsent(table, none -> new ArrayList<>())
                            .add(new Write(one.rows(), update, one.change().columns()));
                }
            });
        }
        statistics
                .facts()
                .keySet()
                .forEach(table -> statistics.table(table).ifPresent(known -> upkeep.hot.put(table, known.hotShare())));
        return upkeep;
    }

    double cost(Candidate candidate) {
        double entries = 0;
        for (Write write : byTable.getOrDefault(candidate.table(), List.of())) {
            boolean stays = write.update() && write.columns().stream().noneMatch(column -> mentions(candidate, column));
            entries += write.rows() * (stays ? 1 - hot.getOrDefault(candidate.table(), 0.0) : 1);
        }
        return entries * (candidate.method().equals("brin") ? BRIN_ENTRY : ENTRY);
    }

    /** An update of a column that an index has is never done in place. */
    private static boolean mentions(Candidate candidate, String column) {
        String all = candidate.keys() + " " + candidate.include() + " "
                + candidate.where().orElse("");
        return all.matches("(?s).*(?<![\\w$])" + Pattern.quote(column) + "(?![\\w$]).*");
    }
}
