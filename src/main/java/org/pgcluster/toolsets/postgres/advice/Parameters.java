package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * With what the parameters of normalised statements were planned.
 *
 * @param real with constants that pg_qualstats saw
 * @param usual with values from the statistics
 */
public record Parameters(int real, int usual, boolean watched, Optional<String> trouble, long hidden) {
    Parameters(int real, int usual, Predicates predicates) {
        this(real, usual, predicates.installed(), predicates.trouble(), predicates.hidden());
    }

    /** What a reader has to know of them; empty where there were none. */
    public List<String> told() {
        List<String> told = new ArrayList<>();
        trouble.ifPresent(why -> told.add("pg_qualstats is installed and could not be read (" + why + ")."));
        if (watched && hidden > 0) {
            told.add(hidden + " constants in pg_qualstats are other users' and not shown to this login, which lacks"
                    + " pg_read_all_stats.");
        }
        if (real + usual > 0) {
            told.add("Parameters planned with: "
                    + (real > 0 ? real + (real == 1 ? " constant" : " constants") + " that pg_qualstats saw, " : "")
                    + usual + (usual == 1 ? " usual value" : " usual values") + " from the statistics"
                    + (watched && real == 0 && trouble.isEmpty() ? " (pg_qualstats saw none of them)" : "") + ".");
        }
        return told;
    }
}
