package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
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
    private static final String NAMED = "SELECT to_regprocedure(?)::oid::bigint AS oid";

    private final Database database;
    private final Judge judge;
    private final List<String> allowedFunctions;
    private volatile @Nullable Known known;
    private volatile @Nullable Allowed allowed;

    /** What the login may do holds as long as the server behind the connections is the same. */
    private record Known(Capabilities capabilities, Standing standing) {}

    /** What a signature names, however its types are written; null where nothing. */
    private record Named(@Nullable Long oid) {}

    private record Allowed(Capabilities capabilities, Set<Long> oids, List<String> inVain) {}

    public SafeReading(Database database, Collection<String> allowedFunctions) {
        this.database = database;
        this.judge = new Judge(allowedFunctions);
        this.allowedFunctions = List.copyOf(allowedFunctions);
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
        Set<Long> allowed = allowed(call).oids();
        return database.free(call)
                .run(
                        admitted,
                        parameters,
                        budget,
                        (connection, snapshot) -> verdict(connection, snapshot, admitted, capabilities, allowed));
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
        Set<Long> allowed = allowed(call).oids();
        FreeSql.Judging judging =
                (connection, snapshot) -> verdict(connection, snapshot, generic, capabilities, allowed);
        return capabilities.atLeast(16)
                ? database.free(call).plans().generic(generic, budget, judging)
                : database.free(call).plans().prepared(generic, explain, budget, judging, OpenPlans.Open.FOR_ANY_VALUE);
    }

    /** The same for Citus, which plans for values alone: one of its type stands for each parameter left open. */
    public FreeSql.Result explainSampled(
            Call call, String options, String sql, FreeSql.Budget budget, Map<String, String> settings) {
        String explain = "EXPLAIN (" + options + ") ";
        Admitted plain = TextGate.admit(explain + sql);
        Capabilities capabilities = database.capabilities(call);
        FreeSql free = database.free(call).with(settings);
        Set<Long> allowed = allowed(call).oids();
        FreeSql.Judging judging = (connection, snapshot) -> verdict(connection, snapshot, plain, capabilities, allowed);
        if (plain.highestParameter() == 0) {
            return free.run(plain, List.of(), budget, judging);
        }
        if (plain.analyze()) {
            throw ToolException.invalidInput(
                    "To run the statement, its " + plain.highestParameter() + " parameters need values.",
                    "Write the values in their place, or leave analyze out.");
        }
        return free.plans().prepared(plain, explain, budget, judging, OpenPlans.Open.FOR_A_SAMPLE);
    }

    /** Plans as if there were other indexes. What it is given to plan is judged like any other statement. */
    public <T> T imagining(Call call, Function<Imagining, T> work) {
        Capabilities capabilities = database.capabilities(call);
        Set<Long> allowed = allowed(call).oids();
        return database.read(
                call,
                Opening.Style.PERSONAL,
                (connection, snapshot, lease) -> Imagining.on(
                        lease,
                        text -> verdict(connection, snapshot, text, capabilities, allowed),
                        call,
                        database.target(),
                        work));
    }

    /** Those that name nothing in this database. */
    public List<String> allowedInVain(Call call) {
        return allowedFunctions.isEmpty() ? List.of() : allowed(call).inVain();
    }

    /** Asked again while one names nothing: somebody may just be creating it. */
    private Allowed allowed(Call call) {
        Capabilities capabilities = database.capabilities(call);
        if (allowedFunctions.isEmpty()) {
            return new Allowed(capabilities, Set.of(), List.of());
        }
        Allowed last = allowed;
        if (last != null && last.inVain().isEmpty() && last.capabilities().equals(capabilities)) {
            return last;
        }
        Set<Long> oids = new HashSet<>();
        List<String> inVain = new ArrayList<>();
        for (String signature : allowedFunctions) {
            Long oid = named(signature, call);
            if (oid == null) {
                inVain.add(signature);
            } else {
                oids.add(oid);
            }
        }
        Allowed now = new Allowed(capabilities, Set.copyOf(oids), List.copyOf(inVain));
        allowed = now;
        return now;
    }

    private @Nullable Long named(String signature, Call call) {
        try {
            return database.sql(call)
                    .one(Named.class, NAMED, qualified(signature))
                    .oid();
        } catch (ToolException e) {
            if (String.valueOf(e.sqlstate()).startsWith("42")) {
                return null; // older servers refuse what names an unknown type or is no signature
            }
            throw e;
        }
    }

    /** A name without a schema means one of public. */
    private static String qualified(String signature) {
        String name = signature.strip();
        int arguments = name.indexOf('(');
        return (arguments < 0 ? name : name.substring(0, arguments)).contains(".") ? name : "public." + name;
    }

    private Verdict verdict(
            Connection connection, String snapshot, Admitted admitted, Capabilities capabilities, Set<Long> allowed)
            throws SQLException {
        if (admitted.constantsOnly()) {
            return Verdict.OF_CONSTANTS;
        }
        Known now = known;
        if (now == null || !now.capabilities().equals(capabilities)) {
            now = new Known(capabilities, Standing.ask(connection, capabilities.versionNum() / 10_000));
            known = now;
        }
        String role = now.standing().role();
        var remembered = judge.remembered(admitted.sql(), role, snapshot);
        if (remembered.isPresent()) {
            return remembered.get();
        }
        Verdict verdict = judge.judge(connection, admitted, now.standing(), allowed);
        judge.remember(admitted.sql(), role, snapshot, verdict);
        return verdict;
    }
}
