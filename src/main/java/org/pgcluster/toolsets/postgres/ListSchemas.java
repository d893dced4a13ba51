package org.pgcluster.toolsets.postgres;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** The schemas of the database, those of its users first. */
public final class ListSchemas implements Reads<ListSchemas.Input, ListSchemas.Output> {
    private static final String LIST = "schemas";

    record Input(
            @Says("Most rows") @Default("100") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<String> searchPath, List<Schema> schemas, Rest rest) implements InWords {
        @Override
        public String inWords() {
            return rest.total() + (rest.total() == 1 ? " schema." : " schemas.")
                    + " Partitions count under their parent; names without a schema are looked up in "
                    + (searchPath.isEmpty() ? "none" : String.join(", ", searchPath)) + ".";
        }
    }

    /** {@code kind} is user, system, or the extension that owns it; {@code usable} is for the login that reads. */
    record Schema(
            String name,
            String kind,
            String owner,
            boolean usable,
            long tables,
            long views,
            long sequences,
            long functions,
            @Nullable String comment) {}

    private record Found(
            boolean system,
            String name,
            String kind,
            String owner,
            boolean usable,
            long tables,
            long views,
            long sequences,
            long functions,
            @Nullable String comment,
            long total) {
        Schema shown() {
            return new Schema(name, kind, owner, usable, tables, views, sequences, functions, comment);
        }
    }

    private record Path(List<String> schemas) {}

    private static final String PAGE = """
            WITH space AS (
                SELECT space.oid, nspname::text AS name, nspowner,
                       nspname IN ('pg_catalog', 'information_schema') AS system,
                       (SELECT extname::text FROM pg_extension AS ext JOIN pg_depend AS member
                            ON member.classid = 'pg_namespace'::regclass AND member.objid = space.oid
                           AND member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e'
                           AND member.refobjid = ext.oid) AS extension
                  FROM pg_namespace AS space
                 WHERE nspname <> 'pg_toast' AND nspname !~ '^pg_(toast_)?temp_'
            ), page AS (
                SELECT *, (SELECT count(*) FROM space) AS total FROM space
                 WHERE ?::text IS NULL OR (system, name) > (?::boolean, ?::text)
                 ORDER BY system, name LIMIT ?::int
            ), relations AS (
                SELECT relnamespace, count(*) FILTER (WHERE relkind IN ('r', 'p', 'f')) AS tables,
                       count(*) FILTER (WHERE relkind IN ('v', 'm')) AS views,
                       count(*) FILTER (WHERE relkind = 'S') AS sequences
                  FROM pg_class WHERE NOT relispartition GROUP BY 1
            ), procedures AS (
                SELECT pronamespace, count(*) AS functions FROM pg_proc GROUP BY 1
            )
            SELECT system, name, coalesce(extension, CASE WHEN system THEN 'system' ELSE 'user' END) AS kind,
                   pg_get_userbyid(nspowner) AS owner, has_schema_privilege(page.oid, 'USAGE') AS usable,
                   coalesce(tables, 0) AS tables, coalesce(views, 0) AS views, coalesce(sequences, 0) AS sequences,
                   coalesce(functions, 0) AS functions, obj_description(page.oid, 'pg_namespace') AS comment, total
              FROM page
              LEFT JOIN relations ON relnamespace = page.oid
              LEFT JOIN procedures ON pronamespace = page.oid
             ORDER BY system, name
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_schemas",
                "List schemas",
                Input.class,
                Output.class,
                "Schemas of the database with owner and how much is in them. Where to begin to learn an unknown database.");
    }

    @Override
    public Output read(Input input, Context context) {
        Sql sql = context.sql();
        List<@Nullable Object> after =
                input.cursor().map(text -> Cursor.read(LIST, text)).orElse(List.of());
        Object system = after.isEmpty() ? null : after.get(0);
        Object name = after.isEmpty() ? null : after.get(1);
        List<Found> found = sql.list(Found.class, PAGE, name, system, name, input.limit() + 1);
        List<Found> shown = found.subList(0, Math.min(input.limit(), found.size()));
        Found last = shown.isEmpty() ? null : shown.get(shown.size() - 1);
        String cursor = last == null || shown.size() == found.size()
                ? null
                : Cursor.write(LIST, List.of(last.system(), last.name()));
        return new Output(
                sql.withSearchPathOfLogin()
                        .one(Path.class, "SELECT pg_catalog.current_schemas(false) AS schemas")
                        .schemas(),
                shown.stream().map(Found::shown).toList(),
                new Rest(shown.size(), last == null ? 0 : last.total(), cursor));
    }
}
