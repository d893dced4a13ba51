package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Reads;

/** Whether the shards of a table, and all that move with them, can move without blocking writes. */
public final class CitusValidateRebalancePrereqs
        implements Reads<CitusValidateRebalancePrereqs.Input, CitusValidateRebalancePrereqs.Output> {
    record Input(
            @Says("Schema-qualified, or on the search path") String table) {}

    record Output(
            boolean ready,
            String table,
            int colocationId,
            List<TableIdentity> group,
            List<MoveFacts.Check> checks,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            long failing = checks.stream()
                    .filter(check -> check.verdict() == Verdict.FAILS)
                    .count();
            return ready
                    ? "The shards of " + table + " and of its colocation group can move online."
                    : Parts.many(failing, "precondition") + " of moving the shards of " + table + " online"
                            + (failing == 1 ? " fails." : " fail.");
        }
    }

    /** Every table and partition whose shards move along. */
    record TableIdentity(
            String table,
            String replicaIdentity,
            boolean movableOnline,
            @Nullable String keyThatWouldDo) {}

    /** A unique index on plain columns that can be NULL nowhere could serve as identity. */
    private static final String GROUP = """
            SELECT shell.oid::regclass::text AS "table",
                   CASE shell.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'
                        ELSE 'index' END AS replica_identity,
                   CASE shell.relreplident
                        WHEN 'f' THEN true
                        WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS key WHERE key.indrelid = shell.oid AND key.indisprimary)
                        WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS key
                                               WHERE key.indrelid = shell.oid AND key.indisreplident AND key.indisvalid)
                        ELSE false END AS movable_online,
                   (SELECT rel.relname::text FROM pg_index AS key JOIN pg_class AS rel ON rel.oid = key.indexrelid
                     WHERE key.indrelid = shell.oid AND key.indisunique AND key.indisvalid AND key.indimmediate
                       AND key.indpred IS NULL AND key.indexprs IS NULL
                       AND NOT EXISTS (SELECT FROM pg_attribute AS col
                                        WHERE col.attrelid = shell.oid AND NOT col.attnotnull
                                          AND col.attnum = ANY ((key.indkey::int2[])[0:key.indnkeyatts - 1]))
                     ORDER BY key.indisprimary DESC, rel.relname LIMIT 1) AS key_that_would_do
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE shell.relkind = 'r'
               AND (shell.oid = ?::oid OR (part.colocationid = ?::int AND part.colocationid <> 0))
             ORDER BY movable_online, "table"
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_validate_rebalance_prereqs",
                "Rebalance prerequisites",
                Input.class,
                Output.class,
                "Whether a table's shards and all colocated ones can move online: identities, WAL level, slots, workers, jobs.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.distributedNamed(citus, input.table());
        List<TableIdentity> group = citus.sql().list(TableIdentity.class, GROUP, table.oid(), table.colocationId());
        List<MoveFacts.Check> checks = new ArrayList<>();
        if (table.kind() == TableKind.REFERENCE || table.kind() == TableKind.CITUS_LOCAL) {
            checks.add(new MoveFacts.Check(
                    "It has shards that move",
                    Verdict.FAILS,
                    table.kind() == TableKind.REFERENCE ? "a copy on every node" : "only on the coordinator",
                    "nothing to do: the rebalancer leaves it alone"));
        } else {
            group.stream().filter(one -> !one.movableOnline()).forEach(one -> checks.add(identity(one)));
        }
        Round<MoveFacts> facts = MoveFacts.ask(citus);
        checks.addAll(MoveFacts.ofCluster(citus));
        for (CitusNode node : citus.nodes()) {
            if (node.holdsShards()) {
                checks.addAll(MoveFacts.ofNode(citus, node, facts, true, 0));
            }
        }
        boolean ready = checks.stream().noneMatch(check -> check.verdict() == Verdict.FAILS);
        return new Output(
                ready, table.qualified(), table.colocationId(), group, checks, Parts.unavailable(facts.silent()));
    }

    private static MoveFacts.Check identity(TableIdentity one) {
        String key = one.keyThatWouldDo();
        return new MoveFacts.Check(
                one.table() + " has a replica identity",
                Verdict.FAILS,
                one.replicaIdentity() + (one.replicaIdentity().equals("default") ? ", and no primary key" : ""),
                key == null
                        ? "add a primary key, or ALTER TABLE " + one.table()
                                + " REPLICA IDENTITY FULL, or move with block_writes"
                        : "ALTER TABLE " + one.table() + " REPLICA IDENTITY USING INDEX " + key);
    }
}
