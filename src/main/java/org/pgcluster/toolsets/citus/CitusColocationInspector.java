package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Identity;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Table;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Groups of tables whose shards lie and move together. */
public final class CitusColocationInspector
        implements Reads<CitusColocationInspector.Input, CitusColocationInspector.Output> {
    private static final int MOST_NAMES = 30;

    record Input(
            @Says("Only this group") OptionalInt colocationId,

            @Says("Only the group of this table") Optional<String> table,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Group> groups, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return Parts.many(rest.total(), "colocation group")
                    + ". Skew is the largest hash range against the average, over all tables of the group."
                    + Parts.unread(groups, Group::unknownSizes)
                    + Parts.partial(unavailable);
        }
    }

    /** {@code couldJoin} are groups with the same key type, shard count and copies. */
    record Group(
            int colocationId,
            String kind,
            int shardCount,
            int replicationFactor,
            @Nullable String keyType,
            long tableCount,
            List<String> tables,
            long partitions,
            @Nullable Long bytes,
            @Nullable Double skew,
            @Nullable String largestRangeFrom,
            @Nullable Long largestRangeBytes,
            List<OnNode> perNode,
            @Nullable Long unknownSizes,
            List<Integer> couldJoin,
            List<String> withoutReplicaIdentity) {}

    record OnNode(int nodeId, long bytes) {}

    private record Found(
            int colocationId,
            String kind,
            int shardCount,
            int replicationFactor,
            @Nullable String keyType,
            long tableCount,
            List<String> tables,
            long partitions,
            List<Integer> couldJoin,
            List<String> stuck) {}

    record Size(
            int colocationId,
            long bytes,
            long ranges,
            long largest,
            @Nullable String largestFrom,
            long unknown) {}

    private static final String GROUPS = """
            WITH used AS (
                SELECT part.colocationid AS id, bool_or(part.partkey IS NOT NULL) AS hashed, bool_or(part.repmodel = 't') AS copied,
                       count(*) FILTER (WHERE NOT shell.relispartition) AS tables,
                       count(*) FILTER (WHERE shell.relispartition) AS partitions,
                       (array_agg(shell.oid::regclass::text ORDER BY shell.oid::regclass::text)
                           FILTER (WHERE NOT shell.relispartition))[1:31] AS names,
                       (array_agg(shell.oid::regclass::text ORDER BY shell.oid::regclass::text)
                           FILTER (WHERE\s""" + Identity.MISSING + """
            ))[1:31] AS stuck
                  FROM pg_dist_partition AS part
                  JOIN pg_class AS shell ON shell.oid = part.logicalrelid
                 GROUP BY 1)
            SELECT one.colocationid AS colocation_id,
                   CASE WHEN one.colocationid IN (SELECT colocationid FROM {schemas} AS by_schema) THEN 'schema'
                        WHEN one.replicationfactor = -1 OR used.copied THEN 'reference'
                        WHEN one.distributioncolumntype <> 0 THEN 'distributed'
                        ELSE 'single_shard' END AS kind,
                   one.shardcount AS shard_count, one.replicationfactor AS replication_factor,
                   nullif(format_type(nullif(one.distributioncolumntype, 0), NULL), '-') AS key_type,
                   coalesce(used.tables, 0) AS table_count, coalesce(used.names, '{}') AS tables,
                   coalesce(used.partitions, 0) AS partitions,
                   (SELECT coalesce(array_agg(other.colocationid ORDER BY other.colocationid), '{}')
                      FROM pg_dist_colocation AS other
                     WHERE other.colocationid <> one.colocationid AND one.distributioncolumntype <> 0
                       AND other.shardcount = one.shardcount AND other.replicationfactor = one.replicationfactor
                       AND other.distributioncolumntype = one.distributioncolumntype
                       AND other.distributioncolumncollation = one.distributioncolumncollation) AS could_join,
                   coalesce(used.stuck, '{}') AS stuck
              FROM pg_dist_colocation AS one
              LEFT JOIN used ON used.id = one.colocationid
             WHERE ?::int IS NULL OR one.colocationid = ?::int
             ORDER BY one.colocationid
            """;

    private static final String SIZES = "WITH " + Placements.sized("part.colocationid = ANY (%L::int[])") + """
            , ranges AS (
                SELECT colocationid, shardminvalue, coalesce(sum(bytes), 0) AS bytes,
                       count(*) FILTER (WHERE bytes IS NULL) AS unknown
                  FROM sized GROUP BY 1, 2)
            SELECT colocationid AS colocation_id, sum(bytes)::bigint AS bytes, count(*) AS ranges,
                   max(bytes)::bigint AS largest,
                   (array_agg(shardminvalue ORDER BY bytes DESC, shardminvalue))[1] AS largest_from,
                   sum(unknown)::bigint AS unknown
              FROM ranges
             GROUP BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_colocation_inspector",
                "Colocation groups",
                Input.class,
                Output.class,
                "Tables whose shards lie together: members, bytes by node, skew of hash ranges, what blocks an online move.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Integer wanted = wanted(input, citus);
        List<Found> all = citus.sql().list(Found.class, citus.forThisVersion(GROUPS), wanted, wanted);
        Page<Found> page = Page.of(
                "groups " + wanted,
                all,
                group -> List.of((long) group.colocationId()),
                input.limit(),
                0,
                input.cursor());
        Round<Size> sizes = citus.everywhere(
                Size.class, SIZES, page.rows().stream().map(Found::colocationId).toList());
        Map<Integer, List<Round.Told<Size>>> byGroup = new LinkedHashMap<>();
        sizes.told()
                .forEach(told -> byGroup.computeIfAbsent(told.row().colocationId(), id -> new ArrayList<>())
                        .add(told));
        List<Group> groups = new ArrayList<>();
        for (Found group : page.rows()) {
            groups.add(group(group, byGroup.getOrDefault(group.colocationId(), List.of()), sizes.complete()));
        }
        return new Output(groups, page.rest(), Parts.unavailable(sizes.silent()));
    }

    private static @Nullable Integer wanted(Input input, Citus citus) {
        if (input.table().isEmpty()) {
            return input.colocationId().isPresent() ? input.colocationId().getAsInt() : null;
        }
        Table table = Table.distributedNamed(citus, input.table().get());
        if (table.colocationId() == 0) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    table.qualified() + " is in no colocation group: it has one shard, which stays on the coordinator.",
                    "citus_table_inspector describes it.");
        }
        if (input.colocationId().isPresent() && input.colocationId().getAsInt() != table.colocationId()) {
            throw new ToolException(
                    ErrorCode.INVALID_INPUT,
                    table.qualified() + " is in colocation group " + table.colocationId() + ", not in "
                            + input.colocationId().getAsInt() + ".",
                    "Give one of the two, colocation_id or table.");
        }
        return table.colocationId();
    }

    /** Skew is told only where every range was measured: a silent node would make it wrong, not partial. */
    private static Group group(Found group, List<Round.Told<Size>> told, boolean complete) {
        long bytes = 0;
        long ranges = 0;
        long unknown = 0;
        Size largest = null;
        List<OnNode> nodes = new ArrayList<>();
        for (Round.Told<Size> one : told) {
            Size size = one.row();
            bytes += size.bytes();
            ranges += size.ranges();
            unknown += size.unknown();
            largest = largest == null || size.largest() > largest.largest() ? size : largest;
            nodes.add(new OnNode(one.nodeId(), size.bytes()));
        }
        boolean judged = complete
                && unknown == 0
                && ranges > 1
                && bytes > 0
                && group.kind().equals("distributed");
        return new Group(
                group.colocationId(),
                group.kind(),
                group.shardCount(),
                group.replicationFactor(),
                group.keyType(),
                group.tableCount(),
                shortened(group.tables()),
                group.partitions(),
                told.isEmpty() && group.tableCount() > 0 ? null : Long.valueOf(bytes),
                judged && largest != null ? Math.round(largest.largest() * 100.0 * ranges / bytes) / 100.0 : null,
                judged && largest != null ? largest.largestFrom() : null,
                judged && largest != null ? largest.largest() : null,
                nodes,
                unknown == 0 ? null : Long.valueOf(unknown),
                group.couldJoin(),
                shortened(group.stuck()));
    }

    private static List<String> shortened(List<String> names) {
        if (names.size() <= MOST_NAMES) {
            return names;
        }
        List<String> shown = new ArrayList<>(names.subList(0, MOST_NAMES));
        shown.add("and more");
        return shown;
    }
}
