package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Builds an index, by default without blocking writes, and leaves no invalid one behind. */
public final class CreateIndex implements Acts<CreateIndex.Input, CreateIndex.Looked, CreateIndex.Output> {
    private static final String WHERE = "coordinator";

    record Input(
            @Says("Table") String table,

            @Says("Or (expressions)") @Range(min = 1) List<String> columns,

            @Says("Of the index") Optional<String> name,

            @Says("Method") @Default("btree") Method method,
            @Says("Carried along") Optional<List<String>> include,
            @Says("Only these rows") Optional<String> where,
            @Says("No duplicates") @Default("false") boolean unique,

            @Says("Writes go on") @Default("true") boolean concurrently) {}

    enum Method {
        BTREE,
        HASH,
        GIN,
        GIST,
        SPGIST,
        BRIN
    }

    record Looked(String table, int tableOid, String kind, String name, boolean nameTaken, boolean leftover) {}

    record Table(
            int oid,
            String schema,
            String name,
            String kind,
            long bytes,
            double rows,
            boolean citus,
            boolean mayCreate) {}

    record Spread(
            long shards, @Nullable Long bytes, @Nullable String distributionColumn) {}

    private static final String SPREAD = """
            SELECT (SELECT count(*) FROM pg_catalog.pg_dist_shard AS shard
                     WHERE shard.logicalrelid = part.logicalrelid) AS shards,
                   pg_catalog.citus_relation_size(part.logicalrelid) AS bytes,
                   CASE WHEN part.partkey IS NOT NULL
                        THEN pg_catalog.column_to_column_name(part.logicalrelid, part.partkey) END
                       AS distribution_column
              FROM pg_catalog.pg_dist_partition AS part
             WHERE part.logicalrelid = ?::oid
            """;

    record Existing(boolean valid, String onTable) {
        String what() {
            return onTable.equals("not an index") ? "another relation" : "an index on " + onTable;
        }
    }

    record Output(
            String index,
            boolean valid,
            long bytes,
            String definition,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            return "Index " + index + " is built and " + (valid ? "valid" : "NOT valid") + "."
                    + (note == null ? "" : " " + note);
        }
    }

    private static final String TABLE = """
            SELECT relation.oid::int AS oid, space.nspname::text AS schema, relation.relname::text AS name,
                   relation.relkind::text AS kind, pg_catalog.pg_relation_size(relation.oid) AS bytes,
                   relation.reltuples::float8 AS rows, pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS citus,
                   pg_catalog.pg_has_role(relation.relowner, 'USAGE') AS may_create
              FROM pg_catalog.pg_class AS relation
              JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
             WHERE relation.oid = pg_catalog.to_regclass(?)
            """;

    private static final String INDEX = """
            SELECT coalesce(index.indisvalid, false) AS valid,
                   coalesce(index.indrelid::regclass::text, 'not an index') AS on_table
              FROM pg_catalog.pg_class AS relation
              LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
             WHERE relation.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ?)
               AND relation.relname = ?
            """;

    private static final String PROGRESS = """
            SELECT phase, coalesce(blocks_done, 0)::float8 AS done, coalesce(blocks_total, 0)::float8 AS total,
                   lockers_total - lockers_done AS waits, current_locker_pid::int AS locker
              FROM pg_catalog.pg_stat_progress_create_index
             WHERE relid = ?::oid
             ORDER BY pid
             LIMIT 1
            """;

    record Progress(
            String phase,
            double done,
            double total,
            long waits,
            @Nullable Integer locker) {}

    private static final String PROOF = """
            SELECT index.indisvalid AS valid, pg_catalog.pg_relation_size(index.indexrelid) AS bytes,
                   pg_catalog.pg_get_indexdef(index.indexrelid) AS definition
              FROM pg_catalog.pg_index AS index
             WHERE index.indexrelid = pg_catalog.to_regclass(?)
            """;

    record Proof(boolean valid, long bytes, String definition) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "create_index",
                "Create an index",
                Input.class,
                Output.class,
                "Builds an index without blocking writes. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Sql sql = context.sql().withSearchPathOfLogin();
        Table table = sql.ifAny(Table.class, TABLE, input.table()).orElseThrow(() -> noTable(input.table()));
        String name = input.name().orElseGet(() -> made(table, input));
        Optional<Existing> existing = sql.ifAny(Existing.class, INDEX, table.schema(), name);
        String mine = quoted(table.schema()) + "." + quoted(table.name());
        boolean leftover = existing.isPresent()
                && !existing.get().valid()
                && !existing.get().onTable().equals("not an index");
        Optional<Spread> spread = table.citus() ? sql.ifAny(Spread.class, SPREAD, table.oid()) : Optional.empty();
        List<Step> steps = steps(input, table, name, leftover);
        return new Plan<>(
                "Builds " + (input.unique() ? "unique " : "") + "index " + name + " on " + mine,
                new Looked(mine, table.oid(), table.kind(), name, existing.isPresent(), leftover),
                checks(input, table, name, existing, leftover, spread, sql),
                steps,
                consequences(input, table, name, spread));
    }

    private static List<Check> checks(
            Input input,
            Table table,
            String name,
            Optional<Existing> existing,
            boolean leftover,
            Optional<Spread> spread,
            Sql sql) {
        List<Check> checks = new ArrayList<>();
        boolean indexable = "rmp".contains(table.kind());
        checks.add(Plan.check(table.name() + " can have indexes", indexable, "relkind " + table.kind()));
        boolean free = existing.isEmpty() || leftover;
        checks.add(Plan.check(
                "the name " + name + " is free",
                free,
                leftover
                        ? "an invalid leftover has it; it is dropped first"
                        : free ? "nothing has it" : "taken by " + existing.get().what() + "; give another `name`"));
        if (indexable) {
            checks.addAll(new IndexChecks(input, table.name(), table.oid(), sql).all());
        }
        spread.flatMap(over -> IndexChecks.uniqueAcrossShards(input, over.distributionColumn()))
                .ifPresent(checks::add);
        if (input.concurrently() && table.kind().equals("p")) {
            checks.add(new Check(
                    "partitioned tables can be indexed concurrently",
                    Verdict.FAILS,
                    "PostgreSQL cannot: index each partition, or set concurrently: false"));
        }
        checks.add(new Check(
                "the reading login owns the table",
                table.mayCreate() ? Verdict.HOLDS : Verdict.UNKNOWN,
                table.mayCreate() ? "yes" : "no; whether the acting login may is seen when it runs"));
        if (input.concurrently()) {
            checks.add(oldTransactions(sql));
        }
        return checks;
    }

    record Oldest(long transactions, long oldestSeconds) {}

    /** A concurrent build waits for every transaction that could still see the table without the index. */
    private static Check oldTransactions(Sql sql) {
        Oldest oldest = sql.one(Oldest.class, """
                SELECT count(*) AS transactions,
                       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::bigint AS oldest_seconds
                  FROM pg_catalog.pg_stat_activity
                 WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
                   AND datname = current_database() AND backend_type = 'client backend'
                """);
        return new Check(
                "no old transaction that the build must wait for",
                oldest.oldestSeconds() < 60 ? Verdict.HOLDS : Verdict.RISKY,
                oldest.transactions() == 0
                        ? "none is open"
                        : oldest.transactions() + " open, the oldest for "
                                + (oldest.oldestSeconds() < 60 ? "less than 60" : "over 60") + " s");
    }

    /** The coordinator's own table of a distributed one is an empty shell: its size would be a wrong number. */
    private static String size(Table table, Optional<Spread> spread) {
        return spread.map(over ->
                        "Reads " + (over.shards() == 1 ? "its one shard" : "all its " + over.shards() + " shards")
                                + ": " + (over.bytes() == null ? "size unknown" : over.bytes() + " bytes") + ".")
                .orElseGet(() -> "Reads the whole table: " + table.bytes() + " bytes, "
                        + (table.rows() < 0 ? "never analysed" : "about " + Math.round(table.rows()) + " rows") + ".");
    }

    private static Consequences consequences(Input input, Table table, String name, Optional<Spread> spread) {
        String everywhere = spread.isPresent() ? " The same holds for its shards on every node." : "";
        return new Consequences(
                (input.concurrently()
                                ? "SHARE UPDATE EXCLUSIVE: reads and writes go on; other DDL and VACUUM on the table wait."
                                : "SHARE: writes to the table wait until the build ends.")
                        + everywhere,
                size(table, spread),
                "operation_status; pg_stat_progress_create_index has its phases.",
                "operation_cancel stops it; an invalid leftover is dropped.",
                "DROP INDEX CONCURRENTLY " + quoted(table.schema()) + "." + quoted(name),
                "An invalid index costs writes and serves nobody; it is dropped, unless that has to wait longer than"
                        + " act_lock_timeout_ms: then the answer says how to drop it by hand.",
                false,
                Map.of());
    }

    private static List<Step> steps(Input input, Table table, String name, boolean leftover) {
        String index = quoted(table.schema()) + "." + quoted(name);
        String concurrently = input.concurrently() ? "CONCURRENTLY " : "";
        List<Step> steps = new ArrayList<>();
        if (leftover) {
            steps.add(Step.concurrent(WHERE, "DROP INDEX CONCURRENTLY IF EXISTS " + index));
        }
        String create = create(input, table, name, concurrently);
        steps.add(input.concurrently() ? Step.concurrent(WHERE, create) : Step.statement(WHERE, create));
        if (input.concurrently()) {
            steps.add(Step.ifAnEarlierOneFailed(WHERE, "DROP INDEX CONCURRENTLY IF EXISTS " + index));
        }
        return steps;
    }

    private static String parts(String name, List<String> expressions) {
        expressions.forEach(expression -> ChangeText.part(name, expression));
        return String.join(", ", expressions);
    }

    private static String create(Input input, Table table, String name, String concurrently) {
        return "CREATE " + (input.unique() ? "UNIQUE " : "") + "INDEX " + concurrently + quoted(name) + " ON "
                + quoted(table.schema()) + "." + quoted(table.name()) + " USING "
                + input.method().name().toLowerCase(Locale.ROOT) + " (" + parts("columns", input.columns()) + ")"
                + input.include()
                        .map(more -> " INCLUDE (" + parts("include", more) + ")")
                        .orElse("")
                + input.where()
                        .map(condition -> " WHERE (" + ChangeText.part("where", condition) + ")")
                        .orElse("");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        String index = quoted(schema(plan.looked().table())) + "."
                + quoted(plan.looked().name());
        List<Step.Statement> steps =
                plan.steps().stream().map(step -> (Step.Statement) step).toList();
        try {
            for (Step.Statement step : steps) {
                if (step.when() == Step.When.IN_ORDER) {
                    hands.run(step, () -> tell(plan.looked().tableOid(), hands, context));
                }
            }
        } catch (ToolException e) {
            throw e.code() == ErrorCode.OUTCOME_UNKNOWN ? e : cleanedUp(e, steps, hands);
        }
        Proof proof = context.sql().one(Proof.class, PROOF, index);
        return new Output(
                index,
                proof.valid(),
                proof.bytes(),
                proof.definition(),
                plan.looked().leftover() ? "The invalid leftover was dropped first." : null);
    }

    private static ToolException cleanedUp(ToolException failed, List<Step.Statement> steps, Hands hands) {
        Step.Statement last = steps.get(steps.size() - 1);
        if (last.when() != Step.When.IF_AN_EARLIER_ONE_FAILED) {
            return failed;
        }
        try {
            hands.run(last);
            return failed.withHint("Nothing is left behind: the invalid index was dropped."
                    + (failed.hint() == null ? "" : " " + failed.hint()));
        } catch (ToolException e) {
            return failed.withHint("An invalid index may be left behind, dropping it failed too: " + e.text()
                    + ". Run by hand: " + last.sql());
        }
    }

    private static void tell(int table, Hands hands, Context context) {
        context.sql().ifAny(Progress.class, PROGRESS, table).ifPresent(now -> {
            String waits = now.locker() == null || now.waits() <= 0 ? "" : ", waits for session " + now.locker();
            hands.progress(now.done(), now.total(), now.phase() + waits + percent(now));
        });
    }

    private static String percent(Progress now) {
        return now.total() <= 0 ? "" : ", " + Math.round(100 * now.done() / now.total()) + " % of its blocks";
    }

    private static ToolException noTable(String table) {
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no table " + table + ".",
                "Give it schema-qualified; a name with capitals needs double quotes.");
    }

    /** PostgreSQL would choose a name itself, but an approval needs to know it. */
    private static String made(Table table, Input input) {
        StringBuilder name = new StringBuilder(table.name());
        for (String column : input.columns()) {
            name.append('_').append(column.replaceAll("[^\\p{L}\\p{N}]+", "_").replaceAll("^_|_$", ""));
        }
        name.append("_idx");
        return name.length() <= 63
                ? name.toString()
                : name.substring(0, 54) + "_"
                        + Integer.toHexString(name.toString().hashCode());
    }

    private static String schema(String qualified) {
        return qualified.substring(1, qualified.indexOf("\".\"")).replace("\"\"", "\"");
    }

    private static String quoted(String name) {
        return ChangeText.quoted(name);
    }
}
