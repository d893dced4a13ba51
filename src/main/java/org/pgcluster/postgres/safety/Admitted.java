package org.pgcluster.postgres.safety;

import java.util.List;

/**
 * A text that passed the gate: exactly one statement that begins like a reading one. The text that was judged is the
 * text to run: bind parameters untyped ({@code Types.OTHER}), one for each entry of {@code parameterOrder}.
 *
 * @param inner the statement without a leading EXPLAIN, parameters numbered as the driver will number them
 * @param jdbcText for {@code prepareStatement}: {@code ?} for each parameter, {@code ??} for operators; equals {@code
 *     sql} where there are no parameters
 * @param nativeText what then has to reach the server
 * @param constantsOnly nothing in it has a name that could be anybody's
 * @param changing the EXPLAIN is of an INSERT, UPDATE, DELETE or MERGE and does not run it
 */
public record Admitted(
        String sql,
        String inner,
        boolean explain,
        boolean analyze,
        boolean show,
        boolean changing,
        boolean genericPlan,
        boolean usesParameters,
        int highestParameter,
        String jdbcText,
        String nativeText,
        List<Integer> parameterOrder,
        boolean constantsOnly) {
    public Admitted {
        parameterOrder = List.copyOf(parameterOrder);
    }
}
