package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
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

/** Drops an index, by default without blocking anybody; its definition is kept in the plan for the way back. */
public final class DropIndex implements Acts<DropIndex.Input, DropIndex.Looked, DropIndex.Output> {
    private static final String WHERE = "coordinator";

    record Input(
            @Says("Schema-qualified") String index,
            @Says("Reads and writes go on") @Default("true") boolean concurrently) {}

    record Looked(String index, long oid, String definition) {}

    record Output(String index, boolean gone, String undo) implements InWords {
        @Override
        public String inWords() {
            return "Index " + index + (gone ? " is dropped. To have it back: " + undo : " is still there.");
        }
    }

    record Index(
            long oid,
            String name,
            String shortName,
            long tableOid,
            String onTable,
            String definition,
            boolean valid,
            boolean unique,
            boolean partitioned,
            boolean ofPartitioned,
            @Nullable String constraint,
            boolean replicaIdentity,
            long scans,
            long bytes,
            boolean mayDrop) {
        Index with(boolean validEverywhere, long allScans, long allBytes) {
            return new Index(
                    oid,
                    name,
                    shortName,
                    tableOid,
                    onTable,
                    definition,
                    validEverywhere,
                    unique,
                    partitioned,
                    ofPartitioned,
                    constraint,
                    replicaIdentity,
                    allScans,
                    allBytes,
                    mayDrop);
        }
    }

    /** Of a table that Citus manages the coordinator has an empty shell: what counts is counted on its shards. */
    private record Everywhere(Index index, boolean onShards, List<String> silent) {
        static Everywhere of(Index index, Context context) {
            return ShardFigures.of(context, index.tableOid())
                    .map(figures -> new Everywhere(
                            summed(index, figures.indexParts()),
                            true,
                            figures.unavailable().stream()
                                    .map(Unavailable::where)
                                    .toList()))
                    .orElseGet(() -> new Everywhere(index, false, List.of()));
        }

        private static Index summed(Index index, List<ShardFigures.IndexPart> all) {
            List<ShardFigures.IndexPart> parts = all.stream()
                    .filter(part -> part.name().equals(index.shortName()))
                    .toList();
            return index.with(
                    index.valid() && parts.stream().allMatch(part -> part.invalid() == 0),
                    parts.stream().mapToLong(ShardFigures.IndexPart::scans).sum(),
                    parts.stream().mapToLong(ShardFigures.IndexPart::bytes).sum());
        }

        String where() {
            return onShards ? "on its shards" : "on this server";
        }
    }

    private record Gone(boolean gone) {}

    private static final String INDEX = """
            SELECT rel.oid::bigint AS oid, rel.oid::regclass::text AS name, rel.relname::text AS short_name,
                   def.indrelid::bigint AS table_oid, def.indrelid::regclass::text AS on_table,
                   pg_get_indexdef(rel.oid) AS definition, def.indisvalid AS valid, def.indisunique AS "unique",
                   rel.relkind = 'I' AS partitioned, rel.relispartition AS of_partitioned,
                   (SELECT conname::text FROM pg_constraint WHERE conindid = rel.oid AND contype IN ('p', 'u', 'x')
                     LIMIT 1) AS constraint,
                   def.indisreplident AS replica_identity, pg_stat_get_numscans(rel.oid) AS scans,
                   pg_relation_size(rel.oid) AS bytes,
                   pg_has_role(rel.relowner, 'USAGE') AS may_drop
              FROM pg_class AS rel JOIN pg_index AS def ON def.indexrelid = rel.oid
             WHERE rel.oid = ?::oid
            """;

    private record Oid(@Nullable Long oid) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "drop_index",
                "Drop an index",
                Input.class,
                Output.class,
                "Drops an index without blocking reads or writes. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Everywhere seen = Everywhere.of(found(input.index(), context.sql()), context);
        Index index = seen.index();
        String drop = "DROP INDEX " + (input.concurrently() ? "CONCURRENTLY " : "") + index.name();
        Step step = input.concurrently() ? Step.concurrent(WHERE, drop) : Step.statement(WHERE, drop);
        return new Plan<>(
                "Drops index " + index.name() + " of " + index.onTable() + " (" + index.bytes() + " bytes, "
                        + index.scans() + " scans counted " + seen.where() + ")",
                new Looked(index.name(), index.oid(), index.definition()),
                checks(input, seen),
                List.of(step),
                new Consequences(
                        input.concurrently()
                                ? "SHARE UPDATE EXCLUSIVE on the table: reads and writes go on; it waits for old transactions."
                                : "ACCESS EXCLUSIVE on the table: reads and writes wait.",
                        "",
                        "operation_status",
                        "operation_cancel; an index that is left invalid is dropped by the same call again.",
                        index.definition(),
                        "An interrupted drop leaves the index invalid: it costs writes and serves nobody.",
                        false,
                        Map.of()));
    }

    private static Index found(String name, Sql sql) {
        return sql.withSearchPathOfLogin()
                .ifAny(Oid.class, "SELECT pg_catalog.to_regclass(?)::pg_catalog.oid::pg_catalog.int8 AS oid", name)
                .flatMap(one -> sql.ifAny(Index.class, INDEX, one.oid()))
                .orElseThrow(
                        () -> new ToolException(
                                ErrorCode.NOT_FOUND,
                                "There is no index " + name + ".",
                                "get_object_details of the table shows its indexes; a name with capitals needs double quotes."));
    }

    private static List<Check> checks(Input input, Everywhere seen) {
        Index index = seen.index();
        List<Check> checks = new ArrayList<>();
        if (!seen.silent().isEmpty()) {
            checks.add(new Check(
                    "its use is known",
                    Verdict.UNKNOWN,
                    "these nodes did not answer, and what they have is not in the figures: "
                            + String.join(", ", seen.silent())));
        }
        checks.add(Plan.check(
                "no constraint lives on it",
                index.constraint() == null,
                index.constraint() == null ? "none" : "constraint " + index.constraint() + ": drop that instead"));
        checks.add(Plan.check(
                "it is no part of an index on the whole partitioned table",
                !index.ofPartitioned(),
                index.ofPartitioned() ? "drop the parent's index" : "it is not"));
        if (input.concurrently()) {
            checks.add(Plan.check(
                    "it can be dropped concurrently",
                    !index.partitioned(),
                    index.partitioned() ? "PostgreSQL cannot for partitioned ones: concurrently: false" : "yes"));
        }
        if (index.replicaIdentity()) {
            checks.add(new Check(
                    "logical replication does not need it",
                    Verdict.RISKY,
                    "it is the table's replica identity: updates and deletes of published tables fail without"));
        }
        if (index.unique() && index.constraint() == null) {
            checks.add(
                    new Check("duplicates stay out", Verdict.RISKY, "it is unique: duplicates can come in afterwards"));
        }
        if (index.valid() && index.scans() > 0) {
            checks.add(new Check(
                    "nobody reads it", Verdict.RISKY, index.scans() + " scans since the statistics were reset"));
        }
        checks.add(new Check(
                "the reading login owns the table",
                index.mayDrop() ? Verdict.HOLDS : Verdict.UNKNOWN,
                index.mayDrop() ? "yes" : "no; whether the acting login may is seen when it runs"));
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        hands.run((Step.Statement) plan.steps().get(0));
        boolean gone = context.sql()
                .one(
                        Gone.class,
                        "SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid = ?::oid) AS gone",
                        plan.looked().oid())
                .gone();
        return new Output(plan.looked().index(), gone, plan.looked().definition());
    }
}
