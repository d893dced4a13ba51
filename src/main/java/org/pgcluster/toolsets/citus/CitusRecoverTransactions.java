package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.InWords;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Lets Citus end the two-phase commits that a crash or a broken connection left open. */
public final class CitusRecoverTransactions
        implements Acts<
                CitusRecoverTransactions.Input, CitusRecoverTransactions.Looked, CitusRecoverTransactions.Output> {
    record Input() {}

    record Looked(String what) {}

    record Output(int recovered, List<Prepared> left, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return "Citus ended " + Parts.many(recovered, "prepared transaction") + "; "
                    + (left.isEmpty() ? "none is left" : left.size() + " are left") + "."
                    + (unavailable.isEmpty() ? "" : " Not every node could be asked.");
        }
    }

    record Prepared(String gid, String node, double ageSeconds) {}

    private record OnNode(String gid, double ageSeconds) {}

    private record Recovered(int recovered) {}

    private static final String PREPARED = """
            SELECT gid, round(extract(epoch FROM clock_timestamp() - prepared)::numeric, 1)::float8 AS age_seconds
              FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_recover_transactions",
                "Recover transactions",
                Input.class,
                Output.class,
                "Lets Citus commit or roll back two-phase commits that were left open. A person approves first.");
    }

    private static Round<OnNode> ask(Citus citus) {
        return citus.everywhere(OnNode.class, PREPARED);
    }

    private static List<Prepared> prepared(Citus citus, Round<OnNode> round, boolean ofCitus) {
        return round.told().stream()
                .filter(told -> told.row().gid().startsWith("citus_") == ofCitus)
                .map(told -> new Prepared(
                        told.row().gid(),
                        told.nodeId() + " " + citus.where(told.nodeId()),
                        told.row().ageSeconds()))
                .toList();
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        Round<OnNode> round = ask(citus);
        List<Prepared> own = prepared(citus, round, true);
        List<Prepared> foreign = prepared(citus, round, false);
        String gids = String.join(
                ", ",
                own.stream()
                        .limit(20)
                        .map(one -> one.gid() + " on " + one.node())
                        .toList());
        List<Check> checks = new ArrayList<>(List.of(
                new Check(
                        "prepared transactions are there",
                        !own.isEmpty() ? Verdict.HOLDS : round.complete() ? Verdict.RISKY : Verdict.UNKNOWN,
                        own.isEmpty() ? "none of Citus is seen" : gids + (own.size() > 20 ? " and more" : "")),
                new Check(
                        "every node answers",
                        round.complete() ? Verdict.HOLDS : Verdict.RISKY,
                        round.complete() ? "yes" : round.silent().get(0).where() + " does not: what lies there stays"),
                Deed.better(
                        "all are Citus' own",
                        foreign.isEmpty(),
                        foreign.isEmpty()
                                ? "yes"
                                : Parts.many(foreign.size(), "transaction")
                                        + " of an application stay untouched; rollback_prepared ends them")));
        checks.addAll(ActorRights.toCall(citus, context, "recover_prepared_transactions", ActorRights.Needs.EXECUTE));
        return new Plan<>(
                "Lets Citus end the two-phase commits that this coordinator began and left open",
                new Looked("prepared transactions of Citus"),
                checks,
                List.of(Step.statement(Deed.WHERE, "SELECT pg_catalog.recover_prepared_transactions() AS recovered")),
                new Consequences(
                        "Nothing; it sets free what the prepared transactions lock.",
                        "Each is committed where pg_dist_transaction has it, else rolled back: as it was decided before.",
                        "citus_leftovers",
                        "",
                        "Nothing: the decision had been made when they were prepared.",
                        "The rest stays prepared; Citus tries again every citus.recover_2pc_interval.",
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        int recovered = hands.list((Step.Statement) plan.steps().get(0), Recovered.class)
                .get(0)
                .recovered();
        Citus citus = Deed.citus(context);
        Round<OnNode> round = ask(citus);
        return new Output(recovered, prepared(citus, round, true), Parts.unavailable(round.silent()));
    }
}
