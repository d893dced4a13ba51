package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Whether and by which column a table should be distributed, with whom, and what stands in the way. */
public final class AdviseDistribution implements Reads<AdviseDistribution.Input, AdviseDistribution.Output> {
    record Input(
            @Says("Schema-qualified, or on the search path") String table) {}

    record Output(
            String table,
            TableKind kind,
            @Nullable Long bytes,
            @Nullable Long rows,
            List<Candidate> candidates,
            @Nullable String colocateWith,
            List<Obstacle> obstacles,
            List<String> convertBefore,
            @Nullable String statement,
            List<Note> notes)
            implements InWords {
        @Override
        public String inWords() {
            if (kind != TableKind.PLAIN && kind != TableKind.CITUS_LOCAL) {
                return table + " is a "
                        + kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-')
                        + " table already; citus_table_inspector describes it.";
            }
            if (candidates.isEmpty()) {
                return "No column of " + table + " could distribute it.";
            }
            Candidate best = candidates.get(0);
            return "Best column to distribute " + table + " by: " + best.column()
                    + (colocateWith == null ? "" : ", with " + colocateWith) + "."
                    + (obstacles.isEmpty()
                            ? ""
                            : " " + obstacles.size() + (obstacles.size() == 1 ? " obstacle" : " obstacles")
                                    + " for that column.");
        }
    }

    /** {@code score} only orders; {@code why} is what counts. */
    record Candidate(
            String column,
            String type,
            int score,
            List<String> why,
            @Nullable Double distinct,
            @Nullable Double nullPercent,
            @Nullable Double topValuePercent) {}

    record Note(String note) {}

    record Obstacle(String what, String name, String mend) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "advise_distribution",
                "Advise a distribution",
                Input.class,
                Output.class,
                "Which column should distribute a table and with what, what stands in the way, what to convert first.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.named(citus, input.table());
        ConversionFacts facts = ConversionFacts.of(citus, table);
        // What Citus manages has its rows in shards: the table itself would show none.
        boolean plain = table.kind() == TableKind.PLAIN;
        boolean convertible = plain || table.kind() == TableKind.CITUS_LOCAL;
        List<Candidate> candidates = convertible ? candidates(facts) : List.of();
        Candidate best = candidates.isEmpty() ? null : candidates.get(0);
        String with = best == null ? null : facts.neighbour(best.column()).orElse(null);
        return new Output(
                table.qualified(),
                table.kind(),
                plain ? facts.shell().bytes() : null,
                plain ? facts.shell().rows() : null,
                candidates,
                with,
                best == null ? List.of() : obstacles(facts, best.column()),
                convertible ? before(facts) : List.of(),
                best == null ? null : statement(table, best, with),
                convertible ? notes(facts).stream().map(Note::new).toList() : List.of());
    }

    private static String statement(Table table, Candidate best, @Nullable String with) {
        return "SELECT create_distributed_table(" + literal(table.qualified()) + ", " + literal(best.column())
                + (with == null ? "" : ", colocate_with => " + literal(with)) + ")";
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static List<Candidate> candidates(ConversionFacts facts) {
        List<Candidate> candidates = new ArrayList<>();
        for (ConversionFacts.Column column : facts.columns()) {
            if (column.hashable() && !column.generated()) {
                candidates.add(judged(facts, column));
            }
        }
        candidates.sort(Comparator.comparingInt((Candidate one) -> -one.score()).thenComparing(Candidate::column));
        return candidates.stream().filter(one -> one.score() > 0).limit(5).toList();
    }

    private static Candidate judged(ConversionFacts facts, ConversionFacts.Column column) {
        List<String> why = new ArrayList<>();
        int score = 0;
        Optional<ConversionFacts.Link> mate = facts.mate(column.name());
        if (mate.isPresent()) {
            score += 40;
            why.add("foreign key with " + mate.get().other() + ", which is distributed by the column it joins");
        } else if (facts.sameName(column).isPresent()) {
            score += 45;
            why.add("same name and type as the key of " + facts.sameName(column).orElse(""));
        }
        long unique = facts.keys().stream()
                .filter(key -> key.columns().contains(column.name()))
                .count();
        if (!facts.keys().isEmpty() && unique == facts.keys().size()) {
            score += 20;
            why.add("in every unique key");
        } else if (unique < facts.keys().size()) {
            score -= 10;
            why.add("not in every unique key");
        }
        if (column.inForeignKey()) {
            score += 10;
            why.add("part of a foreign key");
        }
        if (column.indexed()) {
            score += 5;
            why.add("leads an index");
        }
        score += byStatistics(facts, column, why);
        return new Candidate(
                column.name(), column.type(), score, why, column.distinct(), column.nullPercent(), column.topPercent());
    }

    private static int byStatistics(ConversionFacts facts, ConversionFacts.Column column, List<String> why) {
        Double distinct = column.distinct();
        Double nulls = column.nullPercent();
        Double top = column.topPercent();
        if (distinct == null) {
            why.add("no statistics: ANALYZE the table");
            return 0;
        }
        int score = 0;
        if (distinct >= 1000 || (distinct >= 100 && facts.shell().rows() < 100_000)) {
            score += 15;
            why.add("enough distinct values");
        } else if (distinct < 32) {
            score -= 40;
            why.add("only " + Math.round(distinct) + " distinct values");
        }
        if (nulls != null && nulls > 0) {
            score -= 50;
            why.add(nulls + " % NULL, which a distribution column cannot hold");
        }
        if (top != null && top > 20) {
            score -= 25;
            why.add("one value has " + top + " % of the rows");
        }
        if (column.type().startsWith("timestamp") || column.type().equals("date")) {
            score -= 30;
            why.add("times spread no load: partition by it instead");
        }
        return score;
    }

    static List<Obstacle> obstacles(ConversionFacts facts, String column) {
        List<Obstacle> obstacles = new ArrayList<>();
        for (ConversionFacts.Key key : facts.keys()) {
            if (!key.columns().contains(column)) {
                obstacles.add(new Obstacle(
                        "unique without the distribution column",
                        key.name(),
                        "extend it by " + column + ", or drop it"));
            }
        }
        for (ConversionFacts.Link link : facts.links()) {
            boolean fine =
                    link.reference() || (link.distributed() && link.column().equals(column));
            if (!fine) {
                obstacles.add(new Obstacle(
                        link.outgoing()
                                ? "foreign key to a table that does not lie together"
                                : "foreign key from a table that does not lie together",
                        link.name() + " (" + link.other() + ")",
                        "convert " + link.other() + " first or make it a reference table, or drop the constraint"));
            }
        }
        facts.shell()
                .triggers()
                .forEach(name -> obstacles.add(new Obstacle(
                        "trigger", name, "drop it: Citus refuses triggers unless citus.enable_unsafe_triggers is on")));
        if (facts.shell().rowSecurity()) {
            obstacles.add(new Obstacle("row level security", "policies", "test them: they run on the shards"));
        }
        if (facts.shell().inherits()) {
            obstacles.add(
                    new Obstacle("plain inheritance", "pg_inherits", "Citus distributes partitions, not inheritance"));
        }
        facts.columns().stream()
                .filter(one -> one.generated() && one.name().equals(column))
                .forEach(one -> obstacles.add(new Obstacle("generated column as key", one.name(), "take another")));
        return obstacles;
    }

    /** Tables that this one refers to come first, as reference tables or colocated ones. */
    private static List<String> before(ConversionFacts facts) {
        return facts.links().stream()
                .filter(link -> link.outgoing() && !link.reference() && !link.distributed())
                .map(ConversionFacts.Link::other)
                .distinct()
                .sorted()
                .toList();
    }

    private static List<String> notes(ConversionFacts facts) {
        List<String> notes = new ArrayList<>();
        long many = facts.links().stream().filter(link -> !link.outgoing()).count();
        if (facts.shell().bytes() < 100L * 1024 * 1024 && many > 0) {
            notes.add("It is small and " + many + " foreign keys point at it: a reference table may serve better"
                    + " (create_reference_table).");
        }
        if (!facts.shell().views().isEmpty()) {
            notes.add("Views read it and go on working through the coordinator: "
                    + String.join(", ", facts.shell().views()) + ".");
        }
        if (!facts.shell().identityColumns().isEmpty()) {
            notes.add("Identity columns count on per node from their own ranges: "
                    + String.join(", ", facts.shell().identityColumns()) + ".");
        }
        notes.add("Rows stay readable while it converts; writes wait for the whole copy unless"
                + " create_distributed_table_concurrently is used, which refuses foreign keys.");
        return notes;
    }
}
