package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Admitted;
import org.pgcluster.postgres.safety.Judge;
import org.pgcluster.postgres.safety.Standing;
import org.pgcluster.postgres.safety.TextGate;
import org.pgcluster.postgres.safety.Verdict;

/** SQL of others on one database: through the gate, judged by the server's own tree, then run. Threads share it. */
public final class SafeReading {
    private final Database database;
    private final Judge judge;
    private volatile @Nullable Known known;

    /** What the login may do holds as long as the server behind the connections is the same. */
    private record Known(Capabilities capabilities, Standing standing) {}

    public SafeReading(Database database, Collection<String> allowedFunctions) {
        this.database = database;
        this.judge = new Judge(allowedFunctions);
    }

    public FreeSql.Result read(Call call, String sql, List<@Nullable String> parameters, FreeSql.Budget budget) {
        Admitted admitted = TextGate.admit(sql);
        if (parameters.size() != admitted.highestParameter()) {
            throw ToolException.invalidInput(
                    "The statement has " + admitted.highestParameter() + " parameters and `params` has "
                            + parameters.size() + " values.",
                    "Write $1, $2 … in the statement and give one value for each.");
        }
        Capabilities capabilities = database.capabilities(call);
        return database.free(call)
                .run(
                        admitted,
                        parameters,
                        budget,
                        (connection, snapshot) -> verdict(connection, snapshot, admitted, capabilities));
    }

    /** A statement with parameters and no values gets the plan that would serve any of them. */
    public FreeSql.Result explain(
            Call call, String options, String sql, List<@Nullable String> parameters, FreeSql.Budget budget) {
        String explain = "EXPLAIN (" + options + ") ";
        Admitted plain = TextGate.admit(explain + sql);
        if (!parameters.isEmpty() || plain.highestParameter() == 0) {
            return read(call, explain + sql, parameters, budget);
        }
        if (plain.analyze()) {
            throw ToolException.invalidInput(
                    "To run the statement, its " + plain.highestParameter() + " parameters need values.",
                    "Give `params`, or leave analyze out for the plan that serves any values.");
        }
        Capabilities capabilities = database.capabilities(call);
        Admitted generic = TextGate.admit("EXPLAIN (GENERIC_PLAN, " + options + ") " + sql);
        FreeSql.Judging judging = (connection, snapshot) -> verdict(connection, snapshot, generic, capabilities);
        return capabilities.atLeast(16)
                ? database.free(call).explainGeneric(generic, budget, judging)
                : database.free(call).explainPrepared(generic, explain, budget, judging, FreeSql.Open.FOR_ANY_VALUE);
    }

    /** The same for Citus, which plans for values alone: one of its type stands for each parameter left open. */
    public FreeSql.Result explainSampled(
            Call call, String options, String sql, FreeSql.Budget budget, Map<String, String> settings) {
        String explain = "EXPLAIN (" + options + ") ";
        Admitted plain = TextGate.admit(explain + sql);
        Capabilities capabilities = database.capabilities(call);
        FreeSql free = database.free(call).with(settings);
        FreeSql.Judging judging = (connection, snapshot) -> verdict(connection, snapshot, plain, capabilities);
        if (plain.highestParameter() == 0) {
            return free.run(plain, List.of(), budget, judging);
        }
        if (plain.analyze()) {
            throw ToolException.invalidInput(
                    "To run the statement, its " + plain.highestParameter() + " parameters need values.",
                    "Write the values in their place, or leave analyze out.");
        }
        return free.explainPrepared(plain, explain, budget, judging, FreeSql.Open.FOR_A_SAMPLE);
    }

    private Verdict verdict(Connection connection, String snapshot, Admitted admitted, Capabilities capabilities)
            throws SQLException {
        if (admitted.constantsOnly()) {
            return Verdict.OF_CONSTANTS;
        }
        Known now = known;
        if (now == null || !now.capabilities().equals(capabilities)) {
            now = new Known(capabilities, Standing.ask(connection, capabilities.atLeast(15)));
            known = now;
        }
        String role = now.standing().role();
        var remembered = judge.remembered(admitted.sql(), role, snapshot);
        if (remembered.isPresent()) {
            return remembered.get();
        }
        Verdict verdict = judge.judge(connection, admitted, now.standing());
        judge.remember(admitted.sql(), role, snapshot, verdict);
        return verdict;
    }
}
