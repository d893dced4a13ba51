package org.pgcluster.checks.advice;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the statistics tell of a table, as far as it decides what is worth a thought. */
public record Facts(
        String table,
        double rows,
        double pages,
        boolean partitioned,
        Map<String, Column> columns,
        List<Existing> indexes) {
    /**
     * {@code distinct} as a number of values; {@code correlation} is how far the rows lie in the order of the values.
     */
    public record Column(String name, String type, double width, double nulls, double distinct, double correlation) {}

    /** An index that is there; {@code enforces} a constraint or uniqueness. */
    public record Existing(String name, Candidate shape, boolean enforces, long bytes, long scans) {}

    public Facts ofRows(double counted) {
        return new Facts(table, counted, pages, partitioned, columns, indexes);
    }

    Optional<Column> column(String name) {
        return Optional.ofNullable(columns.get(name));
    }

    double width(String column) {
        return column(column).map(Column::width).orElse(64.0);
    }
}
