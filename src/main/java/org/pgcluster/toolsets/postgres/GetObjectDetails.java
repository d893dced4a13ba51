package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.toolsets.postgres.ObjectNames.Named;

/** One object in depth: all that it takes to write correct SQL with it. */
public final class GetObjectDetails implements Reads<GetObjectDetails.Input, GetObjectDetails.Output> {
    /** Of a wide table the first columns with all that is known of them, the next ones with their types. */
    private static final int DESCRIBED = 60;

    private static final int NAMED = 200;

    record Input(
            @Says("As list_schemas names it") String schema,
            @Says("Without schema and quotes") String name,
            @Says("Where one name means several") Optional<ObjectNames.Type> type) {}

    /** Lists and maps are empty where the object has nothing of the kind; {@code others} share its name. */
    record Output(
            String object,
            String type,
            Map<String, @Nullable Object> facts,
            List<Column> columns,
            List<String> moreColumns,
            List<Constraint> constraints,
            List<Reference> referencedBy,
            List<Index> indexes,
            List<Partition> partitions,
            List<String> triggers,
            List<String> policies,
            List<String> dependsOn,
            List<String> dependents,
            @Nullable String definition,
            List<String> others,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Object rows = facts.get("rows");
            Object all = facts.getOrDefault("columns_in_all", columns.size() + moreColumns.size());
            String columnsSaid = columns.isEmpty() ? "" : ", " + all + " columns";
            String said = object + ": " + type + columnsSaid + (rows == null ? "" : ", about " + rows + " rows") + ".";
            return said
                    + (others.isEmpty() ? "" : " The name also means: " + String.join(", ", others) + ".")
                    + (unavailable.isEmpty() ? "" : " Partial: figures lack what lies on nodes that gave no answer.");
        }
    }

    /** {@code distinct} and {@code frequent} are the statistics', so estimates; shares are of all rows. */
    record Column(
            String name,
            String type,
            boolean notNull,
            @Nullable String defaultsTo,
            @Nullable String nulls,
            @Nullable Long distinct,
            List<String> frequent,
            @Nullable String comment) {}

    record Constraint(String name, String definition) {}

    record Reference(String table, String constraint, String definition) {}

    /** {@code scans} since the statistics were reset, on this server; on Citus bytes and scans of all shards. */
    record Index(
            String name,
            String definition,
            String state,
            @Nullable Long bytes,
            long scans,
            @Nullable String lastScan) {}

    record Partition(String name, String bound) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "get_object_details",
                "Object details",
                Input.class,
                Output.class,
                "All about one table, view, function, type, sequence or extension: columns, keys, indexes, frequent"
                        + " values, dependencies. Read it before writing SQL.");
    }

    @Override
    public Output read(Input input, Context context) {
        Sql sql = context.sql();
        List<Named> all = ObjectNames.all(sql, ObjectNames.schema(sql, input.schema()), input.name(), input.type());
        Named chosen = all.get(0);
        List<String> others = all.subList(1, all.size()).stream()
                .map(one -> one.kind().replace('_', ' ') + " " + one.name())
                .toList();
        return switch (chosen.kind()) {
            case "table", "view", "materialized_view", "foreign_table" -> relation(input, chosen, others, context);
            case "type" -> plain(input, chosen, others, sql, ObjectFacts.type(sql, chosen.oid()));
            case "sequence" -> plain(input, chosen, others, sql, ObjectFacts.sequence(sql, chosen.oid()));
            case "extension" -> plain(input, chosen, others, sql, ObjectFacts.extension(sql, chosen.oid()));
            case "index" -> plain(input, chosen, others, sql, ObjectFacts.index(sql, chosen.oid()));
            default -> plain(input, chosen, others, sql, ObjectFacts.function(sql, chosen.oid()));
        };
    }

    private static Output relation(Input input, Named table, List<String> others, Context context) {
        Sql sql = context.sql();
        RelationParts parts =
                new RelationParts(sql, table.oid(), context.cluster().rowDataAllowed());
        Map<String, @Nullable Object> facts = new LinkedHashMap<>(parts.facts());
        List<Column> columns = parts.columns(facts.get("rows"));
        List<Index> indexes = parts.indexes();
        List<Unavailable> unavailable = List.of();
        Optional<ShardFigures> spread = ShardFigures.of(context, table.oid());
        if (spread.isPresent()) {
            ShardFigures shards = spread.get();
            facts.putAll(shards.facts());
            columns = shards.columns(columns, context.cluster().rowDataAllowed());
            indexes = shards.indexes(indexes);
            unavailable = shards.unavailable();
        }
        if (columns.size() > DESCRIBED + NAMED) {
            facts.put("columns_in_all", columns.size());
            facts.put("read_the_others_by", parts.laterColumns(DESCRIBED + NAMED));
        }
        facts.values().removeIf(Objects::isNull);
        return new Output(
                input.schema() + "." + table.name(),
                table.relkind().equals("p") ? "partitioned table" : table.kind().replace('_', ' '),
                facts,
                columns.stream().limit(DESCRIBED).toList(),
                columns.stream()
                        .skip(DESCRIBED)
                        .limit(NAMED)
                        .map(one -> one.name() + " " + one.type() + (one.notNull() ? " not null" : ""))
                        .toList(),
                parts.constraints(),
                parts.referencedBy(),
                indexes,
                parts.partitions(),
                parts.triggers(),
                parts.policies(),
                ObjectFacts.dependsOn(sql, table.oid()),
                ObjectFacts.dependents(sql, "pg_class", table.oid()),
                parts.definition(),
                others,
                unavailable);
    }

    private static Output plain(Input input, Named chosen, List<String> others, Sql sql, ObjectFacts facts) {
        String name = chosen.kind().equals("extension") ? chosen.name() : input.schema() + "." + chosen.name();
        return new Output(
                name,
                chosen.kind(),
                facts.facts(),
                facts.columns(),
                List.of(),
                facts.constraints(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                ObjectFacts.dependents(sql, facts.catalogue(), chosen.oid()),
                facts.definition(),
                others,
                List.of());
    }
}
