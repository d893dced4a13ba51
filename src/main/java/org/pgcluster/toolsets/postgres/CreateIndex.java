package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
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

/** Builds an index, by default without blocking writes, and leaves no invalid one behind. */
public final class CreateIndex implements Acts<CreateIndex.Input, CreateIndex.Looked, CreateIndex.Output> {
    record Input(
            @Says("Table") String table,

            @Says("Or (expressions)") @Range(min = 1) List<String> columns,

            @Says("Of the index") Optional<String> name,

            @Says("Method") @Default("btree") Method method,
            @Says("Carried along") Optional<List<String>> include,
            @Says("Only these rows") Optional<String> where,
            @Says("No duplicates") @Default("false") boolean unique,

            @Says("Writes go on") @Default("true") boolean concurrently) {}

    enum Method {
        BTREE,
        HASH,
        GIN,
        GIST,
        SPGIST,
        BRIN
    }

    record Looked(String table, int tableOid, String kind, String name, boolean nameTaken, boolean leftover) {}

    record Output(
            String index,
            boolean valid,
            long bytes,
            String definition,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            return "Index " + index + " is built and " + (valid ? "valid" : "NOT valid") + "."
                    + (note == null ? "" : " " + note);
        }
    }

    private static final String PROGRESS = """
            SELECT phase, coalesce(blocks_done, 0)::float8 AS done, coalesce(blocks_total, 0)::float8 AS total,
                   lockers_total - lockers_done AS waits, current_locker_pid::int AS locker
              FROM pg_catalog.pg_stat_progress_create_index
             WHERE relid = ?::oid
             ORDER BY pid
             LIMIT 1
            """;

    record Progress(
            String phase,
            double done,
            double total,
            long waits,
            @Nullable Integer locker) {}

    private static final String PROOF = """
            SELECT index.indisvalid AS valid, pg_catalog.pg_relation_size(index.indexrelid) AS bytes,
                   pg_catalog.pg_get_indexdef(index.indexrelid) AS definition
              FROM pg_catalog.pg_index AS index
             WHERE index.indexrelid = pg_catalog.to_regclass(?)
            """;

    record Proof(boolean valid, long bytes, String definition) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "create_index",
                "Create an index",
                Input.class,
                Output.class,
                "Builds an index without blocking writes. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Sql sql = context.sql().withSearchPathOfLogin();
        IndexFacts facts = IndexFacts.of(input, sql);
        IndexFacts.Table table = facts.table();
        return new Plan<>(
                "Builds " + (input.unique() ? "unique " : "") + "index " + facts.name() + " on " + facts.quotedTable(),
                new Looked(
                        facts.quotedTable(),
                        table.oid(),
                        table.kind(),
                        facts.name(),
                        facts.existing().isPresent(),
                        facts.leftover()),
                checks(input, facts, sql),
                IndexSteps.of(input, facts),
                consequences(input, facts));
    }

    private static List<Check> checks(Input input, IndexFacts facts, Sql sql) {
        IndexFacts.Table table = facts.table();
        List<Check> checks = new ArrayList<>();
        boolean indexable = "rmp".contains(table.kind());
        checks.add(Plan.check(table.name() + " can have indexes", indexable, "relkind " + table.kind()));
        boolean free = facts.existing().isEmpty() || facts.leftover();
        checks.add(Plan.check(
                "the name " + facts.name() + " is free",
                free,
                facts.leftover()
                        ? "an invalid leftover has it; it is dropped first"
                        : free
                                ? "nothing has it"
                                : "taken by " + facts.existing().get().what() + "; give another `name`"));
        if (indexable) {
            checks.addAll(new IndexChecks(input, table.name(), table.oid(), sql).all());
        }
        facts.spread()
                .flatMap(over -> IndexChecks.uniqueAcrossShards(input, over.distributionColumn()))
                .ifPresent(checks::add);
        if (input.concurrently() && table.kind().equals("p")) {
            checks.add(new Check(
                    "partitioned tables can be indexed concurrently",
                    Verdict.FAILS,
                    "PostgreSQL cannot: index each partition, or set concurrently: false"));
        }
        checks.add(new Check(
                "the reading login owns the table",
                table.mayCreate() ? Verdict.HOLDS : Verdict.UNKNOWN,
                table.mayCreate() ? "yes" : "no; whether the acting login may is seen when it runs"));
        if (input.concurrently()) {
            checks.add(IndexFacts.oldTransactions(sql));
        }
        return checks;
    }

    private static Consequences consequences(Input input, IndexFacts facts) {
        String everywhere = facts.spread().isPresent() ? " The same holds for its shards on every node." : "";
        return new Consequences(
                (input.concurrently()
                                ? "SHARE UPDATE EXCLUSIVE: reads and writes go on; other DDL and VACUUM on the table wait."
                                : "SHARE: writes to the table wait until the build ends.")
                        + everywhere,
                facts.size(),
                "operation_status; pg_stat_progress_create_index has its phases.",
                "operation_cancel stops it; an invalid leftover is dropped.",
                "DROP INDEX CONCURRENTLY " + facts.quotedIndex(),
                "An invalid index costs writes and serves nobody; it is dropped, unless that has to wait longer than"
                        + " act_lock_timeout_ms: then the answer says how to drop it by hand.",
                false,
                Map.of());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        String index = quoted(schema(plan.looked().table())) + "."
                + quoted(plan.looked().name());
        List<Step.Statement> steps =
                plan.steps().stream().map(step -> (Step.Statement) step).toList();
        try {
            for (Step.Statement step : steps) {
                if (step.when() == Step.When.IN_ORDER) {
                    hands.run(step, () -> tell(plan.looked().tableOid(), hands, context));
                }
            }
        } catch (ToolException e) {
            throw e.code() == ErrorCode.OUTCOME_UNKNOWN ? e : cleanedUp(e, steps, hands);
        }
        Proof proof = context.sql().one(Proof.class, PROOF, index);
        return new Output(
                index,
                proof.valid(),
                proof.bytes(),
                proof.definition(),
                plan.looked().leftover() ? "The invalid leftover was dropped first." : null);
    }

    private static ToolException cleanedUp(ToolException failed, List<Step.Statement> steps, Hands hands) {
        Step.Statement last = steps.get(steps.size() - 1);
        if (last.when() != Step.When.IF_AN_EARLIER_ONE_FAILED) {
            return failed;
        }
        try {
            hands.run(last);
            return failed.withHint("Nothing is left behind: the invalid index was dropped."
                    + (failed.hint() == null ? "" : " " + failed.hint()));
        } catch (ToolException e) {
            return failed.withHint("An invalid index may be left behind, dropping it failed too: " + e.text()
                    + ". Run by hand: " + last.sql());
        }
    }

    private static void tell(int table, Hands hands, Context context) {
        context.sql().ifAny(Progress.class, PROGRESS, table).ifPresent(now -> {
            String waits = now.locker() == null || now.waits() <= 0 ? "" : ", waits for session " + now.locker();
            hands.progress(now.done(), now.total(), now.phase() + waits + percent(now));
        });
    }

    private static String percent(Progress now) {
        return now.total() <= 0 ? "" : ", " + Math.round(100 * now.done() / now.total()) + " % of its blocks";
    }

    private static String schema(String qualified) {
        return qualified.substring(1, qualified.indexOf("\".\"")).replace("\"\"", "\"");
    }

    private static String quoted(String name) {
        return ChangeText.quoted(name);
    }
}
