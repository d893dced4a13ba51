package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
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

/** Schemas that are sharded as a whole. */
public final class CitusSchemas implements Reads<CitusSchemas.Input, CitusSchemas.Output> {
    record Input(
            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Row> schemas, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return Parts.many(rest.total(), "distributed schema") + "." + Parts.partial(unavailable);
        }
    }

    /** A schema without tables lies nowhere yet; {@code bytes} is missing where its node did not answer or a table is held. */
    record Row(
            String schema,
            String owner,
            int colocationId,
            long tables,
            @Nullable Integer nodeId,
            @Nullable String where,
            @Nullable Long bytes) {}

    private record Found(
            String schema,
            String owner,
            int colocationId,
            long tables,
            @Nullable Integer groupId) {}

    record Size(int colocationId, @Nullable Long bytes) {}

    private static final String SCHEMAS = """
            WITH placed AS (
                SELECT part.colocationid, min(place.groupid) AS groupid, count(DISTINCT part.logicalrelid) AS tables
                  FROM pg_dist_schema AS one
                  JOIN pg_dist_partition AS part ON part.colocationid = one.colocationid
                  JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
                  LEFT JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
                 GROUP BY 1)
            SELECT space.nspname AS schema, pg_get_userbyid(space.nspowner) AS owner, one.colocationid AS colocation_id,
                   coalesce(placed.tables, 0) AS tables, placed.groupid AS group_id
              FROM pg_dist_schema AS one
              JOIN pg_namespace AS space ON space.oid = one.schemaid
              LEFT JOIN placed ON placed.colocationid = one.colocationid
             ORDER BY schema
            """;

    private static final String SIZES = "WITH "
            + Placements.sized("part.colocationid IN (SELECT colocationid FROM pg_dist_schema)")
            + "SELECT colocationid AS colocation_id, CASE WHEN count(bytes) = count(rel) THEN sum(bytes)::bigint END AS bytes"
            + " FROM sized GROUP BY 1";

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_schemas",
                "Distributed schemas",
                Input.class,
                Output.class,
                "Schemas sharded as a whole: node, tables, bytes and owner of each.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        if (!citus.features().schemaSharding()) {
            throw new ToolException(
                    ErrorCode.UNSUPPORTED, "This Citus has no sharding by schema.", "It came with Citus 12.0.");
        }
        List<Found> found = citus.sql().list(Found.class, SCHEMAS);
        Round<Size> sizes = citus.everywhere(Size.class, SIZES);
        Map<Integer, Long> bytes = new TreeMap<>();
        for (Size size : sizes.rows()) {
            Long here = size.bytes();
            if (here != null) {
                bytes.merge(size.colocationId(), here, Long::sum);
            }
        }
        Page<Found> page =
                Page.of("schemas", found, schema -> List.of(schema.schema()), input.limit(), 0, input.cursor());
        List<Row> rows = new ArrayList<>();
        page.rows().forEach(schema -> rows.add(row(citus, schema, bytes)));
        return new Output(rows, page.rest(), Parts.unavailable(sizes.silent()));
    }

    private static Row row(Citus citus, Found schema, Map<Integer, Long> bytes) {
        Integer group = schema.groupId();
        Optional<CitusNode> node = citus.nodes().stream()
                .filter(one -> group != null && one.groupId() == group && one.primary())
                .findFirst();
        return new Row(
                schema.schema(),
                schema.owner(),
                schema.colocationId(),
                schema.tables(),
                node.map(CitusNode::nodeId).orElse(null),
                node.map(CitusNode::where).orElse(null),
                schema.tables() == 0 ? Long.valueOf(0) : bytes.get(schema.colocationId()));
    }
}
