package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.TableKind;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What would be lost with a node, what goes on working, and the ways back. From the metadata, so it works with the node down. */
public final class CitusLostNodeReport implements Reads<CitusLostNodeReport.Input, CitusLostNodeReport.Output> {
    record Input(
            @Says("Its id or host:port") String node,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(
            String node,
            boolean answers,
            @Nullable String why,
            long onlyCopies,
            long alsoElsewhere,
            List<Row> tables,
            Rest rest,
            long tablesUntouched,
            List<String> otherMembers,
            long commitsToFinish,
            List<Line> stillWorks,
            List<Line> waysBack,
            List<Line> neverDo)
            implements InWords {
        @Override
        public String inWords() {
            return "Node " + node + (answers ? " answers. " : " gives no answer: " + why + ". ")
                    + (onlyCopies == 0
                            ? "It holds no only copy of any shard."
                            : "It holds the only copy of " + Parts.many(onlyCopies, "shard") + " of "
                                    + Parts.many(rest.total(), "table") + ".");
        }
    }

    record Line(String what) {}

    private static List<Line> lines(List<String> texts) {
        return texts.stream().map(Line::new).toList();
    }

    record Row(String table, TableKind kind, long shardsOnlyThere, long shards) {}

    private record Totals(long onlyCopies, long alsoElsewhere, long tablesUntouched, long commits) {}

    private static final int NO_GROUP = -1;

    private static final String LOST = """
            WITH there AS (
                SELECT shard.logicalrelid, shard.shardid,
                       EXISTS (SELECT FROM pg_dist_placement AS other
                                 JOIN pg_dist_node AS node ON node.groupid = other.groupid AND node.noderole = 'primary'
                                WHERE other.shardid = place.shardid AND other.groupid <> place.groupid) AS elsewhere
                  FROM pg_dist_placement AS place
                  JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
                 WHERE place.groupid = ?::int)
            """;

    private static final String TABLES = LOST + """
            SELECT shell.oid::regclass::text AS "table",
                   {kind} AS kind,
                   count(*) AS shards_only_there,
                   (SELECT count(*) FROM pg_dist_shard AS every WHERE every.logicalrelid = shell.oid) AS shards
              FROM there
              JOIN pg_dist_partition AS part ON part.logicalrelid = there.logicalrelid
              JOIN pg_class AS shell ON shell.oid = there.logicalrelid
             WHERE NOT there.elsewhere AND NOT shell.relispartition
             GROUP BY shell.oid, part.logicalrelid, part.colocationid, part.partkey, part.repmodel
            """;

    private static final String TOTALS = LOST + """
            SELECT count(*) FILTER (WHERE NOT elsewhere) AS only_copies, count(*) FILTER (WHERE elsewhere) AS also_elsewhere,
                   (SELECT count(*) FROM pg_dist_partition AS part JOIN pg_class AS shell ON shell.oid = part.logicalrelid
                     WHERE NOT shell.relispartition
                       AND part.logicalrelid NOT IN (SELECT logicalrelid FROM there WHERE NOT elsewhere)) AS tables_untouched,
                   (SELECT count(*) FROM pg_dist_transaction WHERE groupid = ?::int) AS commits
              FROM there
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_lost_node_report",
                "Lost node report",
                Input.class,
                Output.class,
                "For a node that is down: which shards have their only copy there, what still works, and the ways back.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        CitusNode node = citus.node(input.node());
        // A standby or clone has what its primary has: with it no shard is lost, whatever its group holds.
        int lost = node.primary() ? node.groupId() : NO_GROUP;
        Totals totals = citus.sql().one(Totals.class, TOTALS, lost, lost);
        List<Row> tables = citus.sql().list(Row.class, citus.forThisVersion(TABLES), lost);
        Page<Row> page =
                Page.of("lost " + node.nodeId(), tables, row -> List.of(row.table()), input.limit(), 0, input.cursor());
        Round<NodeState> states = NodeState.ask(citus);
        boolean answers = states.byNode().containsKey(node.nodeId());
        String why = answers ? null : states.whySilent(node.nodeId());
        List<String> others = citus.nodes().stream()
                .filter(other -> other.groupId() == node.groupId() && other.nodeId() != node.nodeId())
                .map(other -> other.nodeId() + " " + other.where() + " (" + role(other) + ")")
                .toList();
        return new Output(
                node.nodeId() + " " + node.where(),
                answers,
                why,
                totals.onlyCopies(),
                totals.alsoElsewhere(),
                page.rows(),
                page.rest(),
                totals.tablesUntouched(),
                others,
                totals.commits(),
                lines(stillWorks(node, totals)),
                lines(waysBack(node, totals, others)),
                lines(
                        totals.onlyCopies() == 0
                                ? List.of()
                                : List.of(
                                        "citus_remove_node is refused while it has the only copies; deleting its rows from"
                                                + " pg_dist_* by hand loses the way back to them",
                                        "DROP or TRUNCATE of a table that has shards there: it waits for the node")));
    }

    private static String role(CitusNode node) {
        return node.isClone() ? "clone" : node.role();
    }

    private static List<String> stillWorks(CitusNode node, Totals totals) {
        if (!node.primary()) {
            return List.of("everything: Citus sends nothing to a " + role(node));
        }
        List<String> works = new ArrayList<>();
        works.add(Parts.many(totals.tablesUntouched(), "table") + " wholly");
        works.add("queries that name one key value whose shard lies on another node");
        works.add("reading reference tables; writing them fails until every node is back");
        if (node.groupId() == 0) {
            works.add("queries through workers that have metadata; DDL and rebalancing need the coordinator");
        } else {
            works.add("plain tables on the coordinator; DDL on distributed tables fails");
        }
        return works;
    }

    private static List<String> waysBack(CitusNode node, Totals totals, List<String> others) {
        List<String> ways = new ArrayList<>();
        ways.add("Start PostgreSQL on " + node.where() + " again: nothing is lost then.");
        if (!node.primary()) {
            String remove = node.isClone()
                    ? "citus_remove_clone_node_with_nodeid(" + node.nodeId() + ")"
                    : "citus_remove_node('" + node.host() + "', " + node.port() + ")";
            ways.add("Take it out: SELECT " + remove + "; its primary has all of it.");
            return ways;
        }
        ways.add((others.isEmpty() ? "Promote a standby of it, if there is one" : "Promote one of its group: " + others)
                + ", then SELECT citus_update_node(" + node.nodeId() + ", 'host', port). Patroni does both by itself.");
        if (totals.onlyCopies() > 0) {
            ways.add("Restore it from its backup to the same moment as the others, then citus_update_node as above.");
        } else {
            ways.add("Take it out: SELECT citus_disable_node('" + node.host() + "', " + node.port() + ", true), then"
                    + " citus_remove_node; its copies exist elsewhere.");
        }
        if (totals.commits() > 0) {
            ways.add("Afterwards " + Parts.many(totals.commits(), "commit record")
                    + " of two-phase commits are finished there by Citus within a minute.");
        }
        return ways;
    }
}
