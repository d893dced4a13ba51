package org.pgcluster.toolsets.postgres;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Nearest;

/** Finds what is meant by a name; what is not there is answered with what is nearest. */
final class ObjectNames {
    enum Type {
        TABLE,
        VIEW,
        MATERIALIZED_VIEW,
        SEQUENCE,
        FOREIGN_TABLE,
        FUNCTION,
        PROCEDURE,
        AGGREGATE,
        TYPE,
        EXTENSION;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** {@code relkind} is the catalogue's letter of a relation, else empty. */
    record Named(long oid, String kind, String name, String relkind) {}

    private record Oid(long oid) {}

    private record Name(String name) {}

    private static final String NAMED = """
            SELECT * FROM (
                SELECT oid::bigint AS oid,
                       CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence'
                                    WHEN 'f' THEN 'foreign_table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index'
                                    ELSE 'table' END AS kind,
                       relname::text AS name, relkind::text AS relkind
                  FROM pg_class WHERE relnamespace = ?::oid AND relname = ?::text
                   AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')
                UNION ALL
                SELECT oid::bigint,
                       CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
                       proname || '(' || pg_get_function_identity_arguments(oid) || ')', ''
                  FROM pg_proc WHERE pronamespace = ?::oid AND proname = split_part(?::text, '(', 1)
                UNION ALL
                SELECT oid::bigint, 'type', typname::text, ''
                  FROM pg_type AS kind
                 WHERE typnamespace = ?::oid AND typname = ?::text
                   AND (typrelid = 0 OR EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind = 'c'))
                UNION ALL
                SELECT oid::bigint, 'extension', extname::text, '' FROM pg_extension WHERE extname = ?::text
            ) AS found
             WHERE ?::text IS NULL OR kind = ?::text
            """;

    private static final String NEIGHBOURS = """
            SELECT relname::text AS name FROM pg_class
             WHERE relnamespace = ?::oid AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            UNION SELECT proname::text FROM pg_proc WHERE pronamespace = ?::oid
            UNION SELECT typname::text FROM pg_type WHERE typnamespace = ?::oid AND typtype IN ('e', 'd', 'r')
            ORDER BY name LIMIT 20000
            """;

    private ObjectNames() {}

    static long schema(Sql sql, String name) {
        return sql.ifAny(Oid.class, "SELECT oid::bigint AS oid FROM pg_namespace WHERE nspname = ?::text", name)
                .map(Oid::oid)
                .orElseThrow(() -> {
                    List<String> all = names(sql.list(Name.class, """
                            SELECT nspname::text AS name FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' ORDER BY 1
                            """));
                    String near = Nearest.of(name, all);
                    return new ToolException(
                            ErrorCode.NOT_FOUND,
                            "There is no schema " + name + ".",
                            near == null ? "list_schemas shows what there is." : "Did you mean " + near + "?");
                });
    }

    /** All that the name can mean, relations first; names of overloaded functions may be given with their arguments. */
    static List<Named> all(Sql sql, long schema, String name, Optional<Type> type) {
        String kind = type.map(Type::word).orElse(null);
        List<Named> found = sql.list(Named.class, NAMED, schema, name, schema, name, schema, name, name, kind, kind);
        if (found.stream().anyMatch(one -> one.name().equals(name))) {
            return found.stream().filter(one -> one.name().equals(name)).toList();
        }
        if (found.isEmpty()) {
            throw missing(sql, schema, name, type);
        }
        return found;
    }

    private static ToolException missing(Sql sql, long schema, String name, Optional<Type> type) {
        List<String> all = names(sql.list(Name.class, NEIGHBOURS, schema, schema, schema));
        String near = Nearest.of(name, all);
        String what = type.map(one -> one.word().replace('_', ' ')).orElse("object");
        return new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no " + what + " " + name + " in this schema.",
                near == null
                        ? "list_objects shows what there is; names count with their capitals, without quotes."
                        : near.equals(name) ? "It is of another type: leave type out." : "Did you mean " + near + "?");
    }

    private static List<String> names(List<Name> found) {
        return found.stream().map(Name::name).toList();
    }
}
