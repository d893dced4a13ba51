package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.Sessions.Place;

/** Ends a prepared transaction that nobody will end. Those that Citus is still about to end are left alone. */
public final class RollbackPrepared
        implements Acts<RollbackPrepared.Input, RollbackPrepared.Looked, RollbackPrepared.Output> {
    private static final long YOUNG_SECONDS = 600;

    record Input(
            @Says("As pg_prepared_xacts has it") String gid,
            @Says("id, host:port or coordinator") String node,
            @Says("Commit instead") @Default("false") boolean commit) {}

    record Looked(String where, String gid, String transaction, String database, String owner) {}

    record Output(String gid, String where, boolean gone) implements InWords {
        @Override
        public String inWords() {
            return "Prepared transaction " + gid + " on " + where + (gone ? " has ended." : " is still there.");
        }
    }

    record Prepared(
            String transaction,
            String database,
            String owner,
            long seconds,
            boolean here,
            boolean ofCitus,
            long locks) {}

    private record Gone(boolean gone) {}

    private static final String PREPARED = """
            SELECT transaction::text AS transaction, database::text AS database, owner::text AS owner,
                   extract(epoch FROM clock_timestamp() - prepared)::bigint AS seconds,
                   database = current_database() AS here, gid ~ '^citus_[0-9]+_[0-9]+_' AS of_citus,
                   (SELECT count(*) FROM pg_locks AS held JOIN pg_locks AS own USING (virtualtransaction)
                     WHERE held.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid'
                       AND own.transactionid = transaction) AS locks
              FROM pg_prepared_xacts WHERE gid = ?::text
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "rollback_prepared",
                "End a prepared transaction",
                Input.class,
                Output.class,
                "Rolls back, or commits, a prepared transaction that was left behind. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Sessions sessions = new Sessions(context);
        Place place = sessions.named(input.node());
        Prepared found = sessions.at(place)
                .ifAny(Prepared.class, PREPARED, input.gid())
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no prepared transaction " + input.gid() + " on " + place.where() + ".",
                        "analyze_db_health checks=vacuum and citus_leftovers show those that were left."));
        String word = input.commit() ? "COMMIT" : "ROLLBACK";
        return new Plan<>(
                (input.commit() ? "Commits" : "Rolls back") + " prepared transaction " + input.gid() + " on "
                        + place.where() + ", prepared " + found.seconds() + " s ago, holding " + found.locks()
                        + " locks",
                new Looked(place.where(), input.gid(), found.transaction(), found.database(), found.owner()),
                checks(found),
                List.of(RemoteStep.of(place, word + " PREPARED '" + input.gid().replace("'", "''") + "'")),
                new Consequences(
                        "Nothing; the locks that it holds are released.",
                        "",
                        "analyze_db_health",
                        "",
                        "None: what it did is " + (input.commit() ? "kept" : "lost") + " for good.",
                        "Other nodes or systems that took part keep their share as they decided.",
                        true,
                        Map.of()));
    }

    private static List<Check> checks(Prepared found) {
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check("it is of the database we act in", found.here(), "database " + found.database()));
        if (found.ofCitus()) {
            boolean old = found.seconds() >= YOUNG_SECONDS;
            checks.add(Plan.check(
                    "Citus had the time to end it itself",
                    old,
                    found.seconds() + " s old; "
                            + (old ? "it ends its own within minutes" : "wait, or recover with Citus")));
            checks.add(new Check(
                    "its other nodes decided the same",
                    Verdict.UNKNOWN,
                    "pg_dist_transaction on the coordinator has its name where it was committed: then commit it"));
        } else {
            checks.add(new Check(
                    "its transaction manager has given it up",
                    Verdict.UNKNOWN,
                    "owner " + found.owner() + "; only that manager knows whether the others committed"));
        }
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        RemoteStep.run((Step.Statement) plan.steps().get(0), hands);
        Sessions sessions = new Sessions(context);
        boolean gone = sessions.at(sessions.named(input.node()))
                .one(
                        Gone.class,
                        "SELECT NOT EXISTS (SELECT FROM pg_prepared_xacts WHERE gid = ?::text) AS gone",
                        input.gid())
                .gone();
        return new Output(input.gid(), plan.looked().where(), gone);
    }
}
