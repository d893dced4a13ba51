package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** Spreads a table over the workers by one of its columns. */
public final class ConvertToDistributed
        implements Acts<ConvertToDistributed.Input, ConvertToDistributed.Looked, ConvertToDistributed.Output> {
    record Input(
            @Says("Plain table") String table,
            @Says("advise_distribution names the best") String distributionColumn,
            @Says("A distributed table") Optional<String> colocateWith,

            @Says("Not with colocate_with") @Range(min = 1, max = 64_000)
            OptionalInt shardCount,

            @Says("Writes go on") @Default("true") boolean concurrently) {}

    record Looked(String table, long oid, TableKind kind, String column) {}

    record Output(
            String table,
            TableKind kind,
            @Nullable String distributionColumn,
            long rows,
            String checksum,
            @Nullable Boolean same,
            String note)
            implements InWords {
        @Override
        public String inWords() {
            return table + " is distributed by " + distributionColumn + ": " + rows + " rows. " + note;
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "convert_to_distributed",
                "Distribute a table",
                Input.class,
                Output.class,
                "Spreads a table over the workers by a column. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        if (input.colocateWith().isPresent() && input.shardCount().isPresent()) {
            throw ToolException.invalidInput(
                    "`shard_count` and `colocate_with` exclude each other: what lies together has as many shards.",
                    null);
        }
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.named(citus, input.table());
        Optional<Table> with = input.colocateWith().map(name -> Table.distributedNamed(citus, name));
        ConversionFacts facts = ConversionFacts.of(citus, table);
        ConversionFacts.Column column = facts.columns().stream()
                .filter(one -> one.name().equals(input.distributionColumn()))
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        table.qualified() + " has no column " + input.distributionColumn() + ".",
                        "It has "
                                + String.join(
                                        ", ",
                                        facts.columns().stream()
                                                .map(ConversionFacts.Column::name)
                                                .toList()) + "."));
        return new Plan<>(
                "Distributes " + table.qualified() + " by " + column.name()
                        + with.map(one -> ", together with " + one.qualified()).orElse(""),
                new Looked(table.qualified(), table.oid(), table.kind(), column.name()),
                new DistributionChecks(citus, table, facts, column, with, input.concurrently()).all(),
                steps(citus, table, with, input),
                consequences(table, facts, input.concurrently()));
    }

    private static List<Step> steps(Citus citus, Table table, Optional<Table> with, Input input) {
        String arguments = "(" + Contents.literal(Contents.quoted(table)) + ", "
                + Contents.literal(input.distributionColumn())
                + with.map(one -> ", colocate_with => " + Contents.literal(Contents.quoted(one)))
                        .orElse("")
                + (input.shardCount().isPresent()
                        ? ", shard_count => " + input.shardCount().getAsInt()
                        : "")
                + ")";
        if (!input.concurrently()) {
            return Converting.steps(
                    citus, List.of(table), "EXCLUSIVE", "SELECT pg_catalog.create_distributed_table" + arguments);
        }
        String sums = Contents.of(citus, List.of(table)).statement();
        return List.of(
                Step.statement(Converting.WHERE, sums),
                Step.statement(Converting.WHERE, "SELECT pg_catalog.create_distributed_table_concurrently" + arguments),
                Step.statement(Converting.WHERE, sums + " /* afterwards */"));
    }

    private static Consequences consequences(Table table, ConversionFacts facts, boolean concurrently) {
        String data = facts.shell().bytes() + " bytes, about " + facts.shell().rows()
                + " rows, go to the workers; the table is read three times.";
        return concurrently
                ? new Consequences(
                        "Reads and writes go on; writes wait for the final switch, seconds. Other DDL on it waits.",
                        data,
                        "operation_status; citus_rebalance_status shows the copy.",
                        "operation_cancel: the table stays as it is.",
                        "convert_to_local.",
                        "The table is as it was; copies that it began are in pg_dist_cleanup and dropped by Citus.",
                        false,
                        Map.of())
                : new Consequences(
                        "Writes to the table wait until it ends.",
                        data + " The old rows stay on the coordinator's disk, unseen, until somebody runs SELECT"
                                + " truncate_local_data_after_distributing_table("
                                + Contents.literal(Contents.quoted(table)) + ").",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        "convert_to_local.",
                        "Nothing: one transaction, rolled back unless count and checksum stay the same.",
                        false,
                        Map.of());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<Contents.Sum> before = new ArrayList<>();
        List<Contents.Sum> after;
        if (input.concurrently()) {
            before.addAll(hands.list(statement(plan, 0), Contents.Sum.class));
            hands.run(statement(plan, 1));
            after = hands.list(statement(plan, 2), Contents.Sum.class);
        } else {
            after = Converting.carryOut(plan.steps(), hands);
            before.addAll(after);
        }
        boolean same = before.equals(after);
        Table now = Table.named(Citus.of(context.cluster(), context.call()), input.table());
        return new Output(
                now.qualified(),
                now.kind(),
                now.distributionColumn(),
                after.get(0).rows(),
                after.get(0).checksum(),
                same,
                same
                        ? "Count and checksum are as before."
                        : "Before there were " + before.get(0).rows()
                                + " rows and another checksum: somebody wrote meanwhile, or a row is wrong.");
    }

    private static Step.Statement statement(Plan<Looked> plan, int index) {
        return (Step.Statement) plan.steps().get(index);
    }
}
