package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Slice;
import org.pgcluster.citus.Table;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Shards, where each copy lies and how large it is. */
public final class ListShards implements Reads<ListShards.Input, ListShards.Output> {
    record Input(
            @Says("Only this table") Optional<String> table,

            @Says("Only on this node: id or host:port") Optional<String> node,

            @Says("Only the shard that this value belongs to")
            Optional<String> value,

            @Says("Most rows") @Default("20") @Range(min = 1, max = 200)
            int limit,

            @Says("Rows to skip") @Default("0") @Range(min = 0, max = 10_000_000)
            int offset,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Row> shards, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            String said = shards.size() == 1 && rest.total() == 1
                    ? "Shard " + shards.get(0).shardId() + " of "
                            + shards.get(0).table() + " lies on node "
                            + String.join(" and ", shards.get(0).nodes()) + "."
                    : Parts.many(rest.total(), "shard") + ".";
            return said + Parts.partial(unavailable);
        }
    }

    /**
     * {@code shardName} where it is not the table's with the shard's id behind; {@code nodes} are id and address; {@code bytes} of all copies, missing where
     * none is known.
     */
    record Row(
            long shardId,
            String table,
            @Nullable String shardName,
            @Nullable String minValue,
            @Nullable String maxValue,
            int colocationId,
            List<String> nodes,
            @Nullable Long bytes,
            @Nullable Long rows,
            @Nullable String fault) {}

    private record Found(
            String schema,
            String name,
            long shardId,
            String shardName,
            @Nullable String minValue,
            @Nullable String maxValue,
            int colocationId,
            List<Integer> groups,
            long total) {}

    record Size(
            long shardId,
            boolean missing,
            @Nullable Long bytes,
            @Nullable Long rows) {
        static long known(List<Size> sizes) {
            return sizes.stream()
                    .flatMap(size -> Optional.ofNullable(size.bytes()).stream())
                    .mapToLong(Long::longValue)
                    .sum();
        }

        static String inWords(List<Size> sizes) {
            boolean all = sizes.stream().allMatch(size -> size.bytes() != null);
            if (!all && known(sizes) == 0) {
                return "an unknown number of bytes";
            }
            return (all ? "" : "at least ") + Parts.bytes(known(sizes));
        }
    }

    private record Min(@Nullable String min) {}

    /** Of a table that is not hashed, the bounds of a shard are values of its rows. */
    private static final String PAGE = """
            WITH wanted AS (
                SELECT space.nspname AS schema, shell.relname AS name, shard.shardid, shard.logicalrelid,
                       shard.shardminvalue, shard.shardmaxvalue, part.partmethod, part.colocationid,
                       count(*) OVER () AS total
                  FROM pg_dist_shard AS shard
                  JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
                  JOIN pg_class AS shell ON shell.oid = shard.logicalrelid
                  JOIN pg_namespace AS space ON space.oid = shell.relnamespace
                 WHERE (?::oid IS NULL OR shard.logicalrelid IN (
                           SELECT ?::oid UNION SELECT relid FROM pg_partition_tree(?::oid::regclass)))
                   AND (?::int IS NULL OR EXISTS (
                           SELECT FROM pg_dist_placement AS place
                            WHERE place.shardid = shard.shardid AND place.groupid = ?::int))
                   AND (NOT ?::boolean OR shard.shardminvalue IS NOT DISTINCT FROM ?::text)
            ), page AS MATERIALIZED (
                SELECT * FROM wanted
                 WHERE ?::text IS NULL OR (schema, name, shardid) > (?::name, ?::name, ?::bigint)
                 ORDER BY schema, name, shardid
                 OFFSET ?::bigint LIMIT ?::bigint
            )
            SELECT schema, name, page.shardid AS shard_id, shard_name(logicalrelid, page.shardid) AS shard_name,
                   CASE WHEN ?::boolean OR partmethod = 'h' THEN shardminvalue END AS min_value,
                   CASE WHEN ?::boolean OR partmethod = 'h' THEN shardmaxvalue END AS max_value,
                   colocationid AS colocation_id,
                   (SELECT coalesce(array_agg(groupid ORDER BY groupid), '{}') FROM pg_dist_placement AS place
                     WHERE place.shardid = page.shardid) AS groups, total
              FROM page
             ORDER BY schema, name, page.shardid
            """;

    static final String SIZES = "WITH " + Placements.sized("shard.shardid = ANY (%L::bigint[])") + """
            SELECT shardid AS shard_id, rel IS NULL AS missing, bytes, live AS rows FROM sized
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_shards",
                "List shards",
                Input.class,
                Output.class,
                "Shards with range, nodes, bytes and rows; with table and value, which shard and node hold that value.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        if (input.value().isPresent() && input.table().isEmpty()) {
            throw ToolException.invalidInput("`value` needs `table`: each table hashes its own column.", null);
        }
        Optional<Table> table = input.table().map(name -> Table.distributedNamed(citus, name));
        Optional<String> min = input.value().flatMap(value -> table.flatMap(of -> range(citus, of, value)));
        boolean byRange = input.value().isPresent()
                && table.map(Table::distributionColumn).isPresent();
        Integer group = input.node().map(node -> citus.node(node).groupId()).orElse(null);
        String list = "shards " + table.map(Table::oid) + input.node() + input.value();
        List<@Nullable Object> after =
                input.cursor().map(text -> Cursor.read(list, text)).orElse(List.of("", "", 0));
        Object oid = table.map(Table::oid).orElse(null);
        Object started = input.cursor().isEmpty() ? null : "yes";
        List<Found> found = citus.sql()
                .list(
                        Found.class,
                        PAGE,
                        oid,
                        oid,
                        oid,
                        group,
                        group,
                        byRange,
                        min.orElse(null),
                        started,
                        after.get(0),
                        after.get(1),
                        after.get(2),
                        input.offset(),
                        input.limit() + 1L,
                        citus.rowDataAllowed(),
                        citus.rowDataAllowed());
        Slice<Found> page = Slice.of(
                list, found, input.limit(), one -> List.of(one.schema(), one.name(), one.shardId()), Found::total);
        List<Found> shown = page.rows();
        Round<Size> sizes = citus.everywhere(
                Size.class, SIZES, shown.stream().map(Found::shardId).toList());
        return new Output(rows(citus, shown, sizes), page.rest(), Parts.unavailable(sizes.silent()));
    }

    /** Where the range of the value's shard begins: all tables of its colocation group share it. */
    static Optional<String> range(Citus citus, Table table, String value) {
        if (table.keyType() == null) {
            return Optional.empty();
        }
        return citus.sql()
                .ifAny(
                        Min.class,
                        "SELECT shardminvalue AS min FROM pg_dist_shard WHERE shardid ="
                                + " get_shard_id_for_distribution_column(?::oid::regclass, ?::" + table.keyType() + ")",
                        table.oid(),
                        value)
                .flatMap(one -> Optional.ofNullable(one.min()));
    }

    private static List<Row> rows(Citus citus, List<Found> shown, Round<Size> sizes) {
        Map<Long, List<Size>> byShard = new LinkedHashMap<>();
        sizes.rows()
                .forEach(size -> byShard.computeIfAbsent(size.shardId(), id -> new ArrayList<>())
                        .add(size));
        List<Row> rows = new ArrayList<>();
        for (Found shard : shown) {
            List<Size> told = byShard.getOrDefault(shard.shardId(), List.of());
            Long bytes = null;
            Long live = null;
            for (Size size : told) {
                Long here = size.bytes();
                bytes = here == null ? bytes : Long.valueOf(here + (bytes == null ? 0 : bytes));
                live = size.rows() == null ? live : size.rows();
            }
            rows.add(new Row(
                    shard.shardId(),
                    shard.schema() + "." + shard.name(),
                    shard.shardName().equals(shard.schema() + "." + regularName(shard))
                                    || shard.shardName().equals(regularName(shard))
                            ? null
                            : shard.shardName(),
                    shard.minValue(),
                    shard.maxValue(),
                    shard.colocationId(),
                    shard.groups().stream().map(group -> onNode(citus, group)).toList(),
                    bytes,
                    live,
                    fault(shard, told)));
        }
        return rows;
    }

    private static String regularName(Found shard) {
        return shard.name() + "_" + shard.shardId();
    }

    private static @Nullable String fault(Found shard, List<Size> told) {
        if (shard.groups().isEmpty()) {
            return "no placement";
        }
        return told.stream().anyMatch(Size::missing) ? "its table is missing on the node" : null;
    }

    private static String onNode(Citus citus, int group) {
        return citus.nodes().stream()
                .filter(node -> node.groupId() == group && node.primary())
                .findFirst()
                .map(node -> node.nodeId() + " " + node.where())
                .orElse("group " + group + " without a node");
    }
}
