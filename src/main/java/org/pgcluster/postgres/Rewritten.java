package org.pgcluster.postgres;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import org.pgcluster.postgres.safety.Changing;
import org.pgcluster.postgres.safety.Rewriting;

/** Statements in other words, for toolsets that plan what others run. */
public final class Rewritten {
    private Rewritten() {}

    /** {@code columns} are those that an UPDATE sets. */
    public record Change(String verb, String table, Set<String> columns) {
        public Change {
            columns = Set.copyOf(columns);
        }
    }

    /** The rows that a statement looks for, as a query; empty where it looks for none. */
    public static Optional<String> asQuery(String sql) {
        return Rewriting.asQuery(sql);
    }

    public static Optional<Change> change(String sql) {
        return Rewriting.written(sql).map(written -> new Change(written.verb(), written.table(), written.columns()));
    }

    public static int parameters(String sql) {
        return Changing.bound(sql).highest();
    }

    /** Parameters that say how many rows, with a usual number. */
    public static Map<Integer, String> rowCounts(String sql) {
        return Rewriting.rowCounts(sql);
    }

    public static String withLiterals(String sql, IntFunction<String> literal) {
        return Changing.inlined(sql, literal);
    }
}
