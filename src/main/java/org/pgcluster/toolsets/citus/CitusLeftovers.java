package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What moves, splits and two-phase commits left behind. */
public final class CitusLeftovers implements Reads<CitusLeftovers.Input, CitusLeftovers.Output> {
    record Input(
            @Says("Most rows") @Default("100") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Row> leftovers, Rest rest, long unfinishedJobs, List<Step> order, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String busy = unfinishedJobs == 0 ? "" : " A job is unfinished, so some of it may be in use.";
            return (rest.total() == 0
                            ? "Nothing is left over on what answered."
                            : Parts.many(rest.total(), "leftover") + ".")
                    + busy
                    + Parts.partial(unavailable).replace("sizes and counts lack", "this lacks");
        }
    }

    record Step(int step, String what) {}

    /** {@code sure} is likely where something else could own it, too. */
    record Row(
            String kind,
            String name,
            String node,
            String sure,
            @Nullable Double ageSeconds,
            @Nullable Long holdsBytes,
            String evidence,
            String mend) {}

    record OnNode(
            String kind,
            String name,
            @Nullable Double ageSeconds,
            @Nullable Long holdsBytes,
            boolean active) {}

    private record Recorded(long recordId, String kind, String name, int groupId, String policy) {}

    private record Known(String gid) {}

    private record Jobs(long unfinished) {}

    private static final String RECORDS = """
            SELECT record_id, CASE object_type WHEN 1 THEN 'shard' WHEN 2 THEN 'subscription' WHEN 3 THEN 'replication slot'
                                   WHEN 4 THEN 'publication' WHEN 5 THEN 'role' WHEN 6 THEN 'database'
                                   ELSE 'object of type ' || object_type END AS kind,
                   object_name AS name, node_group_id AS group_id,
                   CASE policy_type WHEN 0 THEN 'always' WHEN 1 THEN 'if the operation failed' ELSE 'after success' END AS policy
              FROM pg_dist_cleanup ORDER BY record_id
            """;

    /** Two minutes are two rounds of Citus' own recovery. A table named as a shard that is not placed here is nobody's. */
    private static final String ON_NODE = """
            SELECT 'replication slot' AS kind, slot_name::text AS name, NULL::numeric AS age_seconds,
                   CASE WHEN NOT pg_is_in_recovery()
                        THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END AS holds_bytes, active
              FROM pg_replication_slots
             WHERE slot_name ~ '^citus_shard_(move|split)_' AND database = current_database()
            UNION ALL
            SELECT 'publication', pubname::text, NULL, NULL, false FROM pg_publication
             WHERE pubname ~ '^citus_shard_(move|split)_'
            UNION ALL
            SELECT 'subscription', subname::text, NULL, NULL, subenabled FROM pg_subscription
             WHERE subname ~ '^citus_shard_(move|split)_'
               AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            UNION ALL
            SELECT 'prepared transaction', gid, round(extract(epoch FROM now() - prepared)::numeric, 0), NULL, false
              FROM pg_prepared_xacts
             WHERE database = current_database() AND prepared < now() - interval '2 minutes'
            UNION ALL
            SELECT 'shard', shell.relnamespace::regnamespace || '.' || rel.relname, NULL,
                   pg_total_relation_size(rel.oid), false
              FROM pg_class AS rel
             CROSS JOIN LATERAL (SELECT (regexp_match(rel.relname::text, '_([0-9]{1,18})$'))[1]::bigint AS shardid) AS named
              JOIN pg_dist_shard AS shard ON shard.shardid = named.shardid
              JOIN pg_class AS shell ON shell.oid = shard.logicalrelid AND shell.relnamespace = rel.relnamespace
             CROSS JOIN LATERAL (SELECT parse_ident(shard_name(shell.oid, shard.shardid)) AS parts) AS full_name
             WHERE rel.relkind IN ('r', 'p') AND rel.relname = full_name.parts[array_upper(full_name.parts, 1)]::name
               AND NOT EXISTS (SELECT FROM pg_dist_placement AS place
                                 JOIN pg_dist_local_group AS here ON here.groupid = place.groupid
                                WHERE place.shardid = shard.shardid)
               AND NOT EXISTS (SELECT FROM pg_locks AS held
                                WHERE held.relation = rel.oid AND held.mode = 'AccessExclusiveLock')
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_leftovers",
                "Leftovers",
                Input.class,
                Output.class,
                "Shards, slots, publications, subscriptions, prepared transactions nobody owns, and the safe order to remove them.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Round<OnNode> round = citus.everywhere(OnNode.class, ON_NODE);
        List<Recorded> records = citus.sql().list(Recorded.class, RECORDS);
        List<String> committed =
                citus.sql().list(Known.class, "SELECT gid FROM pg_dist_transaction ORDER BY gid").stream()
                        .map(Known::gid)
                        .toList();
        long jobs = citus.sql()
                .one(
                        Jobs.class,
                        "SELECT count(*) AS unfinished FROM pg_dist_background_job"
                                + " WHERE state IN ('scheduled', 'running', 'cancelling', 'failing')")
                .unfinished();
        List<Row> rows = new ArrayList<>();
        round.told().forEach(told -> rows.add(row(citus, told, records, committed)));
        for (Recorded record : records) {
            if (rows.stream().noneMatch(row -> row.name().equals(record.name()))) {
                rows.add(recorded(citus, record));
            }
        }
        rows.sort(Comparator.comparing(Row::kind).thenComparing(Row::name).thenComparing(Row::node));
        Page<Row> page = Page.of(
                "leftovers",
                rows,
                row -> List.of(row.kind(), row.name(), row.node()),
                input.limit(),
                0,
                input.cursor());
        return new Output(page.rows(), page.rest(), jobs, order(rows, jobs), Parts.unavailable(round.silent()));
    }

    private static Row row(Citus citus, Round.Told<OnNode> told, List<Recorded> records, List<String> committed) {
        OnNode one = told.row();
        String node = told.nodeId() + " " + citus.where(told.nodeId());
        boolean known = records.stream().anyMatch(record -> record.name().equals(one.name()));
        if (one.kind().equals("prepared transaction")) {
            return prepared(one, node, committed);
        }
        return new Row(
                one.kind(),
                one.name(),
                node,
                one.active() ? "likely" : "certain",
                one.ageSeconds(),
                one.holdsBytes(),
                known ? "in pg_dist_cleanup" : one.active() ? "in use now" : "no cleanup record",
                known ? "CALL citus_cleanup_orphaned_resources(); Citus does so by itself" : byHand(one));
    }

    private static Row prepared(OnNode one, String node, List<String> committed) {
        boolean ofCitus = one.name().startsWith("citus_");
        String evidence = !ofCitus
                ? "an application prepared it; Citus leaves it alone"
                : committed.contains(one.name()) ? "its initiator committed" : "no commit record on this coordinator";
        return new Row(
                one.kind(),
                one.name(),
                node,
                "certain",
                one.ageSeconds(),
                null,
                evidence,
                ofCitus
                        ? "SELECT recover_prepared_transactions() on its initiator; never end it by hand"
                        : "ask its owner, then COMMIT PREPARED or ROLLBACK PREPARED on that node");
    }

    private static String byHand(OnNode one) {
        return switch (one.kind()) {
            case "replication slot" -> "pg_drop_replication_slot on that node, once no move runs";
            case "publication" -> "DROP PUBLICATION on that node, once no move runs";
            case "subscription" ->
                "ALTER SUBSCRIPTION … DISABLE, SET (slot_name = NONE), DROP SUBSCRIPTION on that node";
            default -> "compare its rows with the shard's placement, then DROP TABLE on that node";
        };
    }

    private static Row recorded(Citus citus, Recorded record) {
        Optional<CitusNode> node = citus.nodes().stream()
                .filter(one -> one.groupId() == record.groupId() && one.primary())
                .findFirst();
        return new Row(
                record.kind(),
                record.name(),
                node.map(one -> one.nodeId() + " " + one.where())
                        .orElse("group " + record.groupId() + ", which is gone"),
                "certain",
                null,
                null,
                "recorded in pg_dist_cleanup, to be dropped " + record.policy(),
                node.isPresent()
                        ? "CALL citus_cleanup_orphaned_resources(); Citus does so by itself"
                        : "its group is gone: the record stays until somebody deletes it");
    }

    private static List<Step> order(List<Row> rows, long jobs) {
        if (rows.isEmpty()) {
            return List.of();
        }
        List<String> order = new ArrayList<>();
        if (jobs > 0) {
            order.add("wait until no job is unfinished (citus_job_inspector)");
        }
        order.add("CALL citus_cleanup_orphaned_resources() and look again");
        order.add("subscriptions, then replication slots, then publications");
        order.add("prepared transactions through recover_prepared_transactions()");
        order.add("shards last, after comparing them with their placement");
        return java.util.stream.IntStream.range(0, order.size())
                .mapToObj(i -> new Step(i + 1, order.get(i)))
                .toList();
    }
}
