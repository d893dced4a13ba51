package org.pgcluster.postgres.safety;

import java.util.List;
import java.util.Optional;

/**
 * That a statement only reads, and what has to be known to run it.
 *
 * @param plainRead nothing but tables, views and pure functions: the session needs no reset afterwards
 * @param leavesTraces it leaves what DISCARD ALL keeps: the connection must be thrown away
 * @param sandbox the role to take by SET LOCAL ROLE before the statement runs; its tree was taken under that role
 * @param rowSecured touched tables with row security, of which the answer may show only a part
 */
public record Verdict(
        boolean plainRead,
        boolean leavesTraces,
        boolean touchesDistributed,
        List<String> rowSecured,
        Optional<String> sandbox) {
    public Verdict {
        rowSecured = List.copyOf(rowSecured);
    }

    /** Nothing but constants: there is nothing that could be judged. */
    public static final Verdict OF_CONSTANTS = new Verdict(true, false, false, List.of(), Optional.empty());
}
