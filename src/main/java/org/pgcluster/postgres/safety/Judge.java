package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides from the server's own understanding of a statement whether it only reads. Verdicts are remembered for as
 * long as no transaction has changed anything. Threads may share it.
 */
public final class Judge {
    private static final int REMEMBERED = 500;
    private static final String READ_ALL = "pg_read_all_data";

    private record Key(String sql, String role, String snapshot) {}

    private final Trusted trusted;
    private final Map<Key, Verdict> verdicts = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Verdict> eldest) {
            return size() > REMEMBERED;
        }
    };

    public Judge(Collection<String> allowedFunctions) {
        trusted = new Trusted(allowedFunctions);
    }

    public Optional<Verdict> remembered(String sql, String role, String snapshot) {
        synchronized (verdicts) {
            return Optional.ofNullable(verdicts.get(new Key(sql, role, snapshot)));
        }
    }

    public void remember(String sql, String role, String snapshot, Verdict verdict) {
        synchronized (verdicts) {
            verdicts.put(new Key(sql, role, snapshot), verdict);
        }
    }

    /**
     * In our own read-only transaction, before the statement runs. A statement that the server itself refuses ends as
     * its {@code SQLException}, with positions that count in the text that was admitted. {@code allowed} are the
     * functions that {@code allowed_functions} names here.
     */
    public Verdict judge(Connection connection, Admitted statement, Standing standing, Set<Long> allowed)
            throws SQLException {
        Trusted trusted = this.trusted.with(allowed);
        if (statement.show()) {
            return new Verdict(true, false, false, List.of(), Optional.empty());
        }
        if (!standing.canSilenceLog()) {
            return new ByName(connection, statement, standing, trusted).judge();
        }
        TreeTaker taker = new TreeTaker(connection, standing);
        try {
            return underItsRole(connection, statement, standing, trusted, taker);
        } catch (SQLException e) {
            throw Positions.inUsersText(e, statement.inner(), taker.prefix("").length(), statement.sql());
        }
    }

    private Verdict underItsRole(
            Connection connection, Admitted statement, Standing standing, Trusted trusted, TreeTaker taker)
            throws SQLException {
        String guess = standing.citus() || statement.changing() ? "" : standing.taking(READ_ALL);
        Bench bench = new Bench(connection, statement, standing, trusted, taker);
        Findings first = examine(connection, statement, bench, taker, guess);
        String role = statement.changing() ? "" : standing.taking(first.sandbox());
        // Names resolve, and row security applies, as the role sees them: the tree counts only under the role that
        // runs.
        Findings last = role.equals(guess) ? first : examine(connection, statement, bench, taker, role);
        bench.checkSamples(role);
        return last.verdict(role);
    }

    /** The literals, too, are read as the role resolves the names of their types. */
    private static Findings examine(
            Connection connection, Admitted statement, Bench bench, TreeTaker taker, String role) throws SQLException {
        Literals.check(connection, statement.inner(), "", role, taker);
        return bench.examine(role);
    }
}
