package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Nearest;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** Whether the server would build the index that is asked for, and whether it would be worth anything. */
final class IndexChecks {
    /** A column with what may follow it in an index; an expression begins with a parenthesis or calls something. */
    private static final Pattern COLUMN =
            Pattern.compile("\\s*(\"(?:[^\"]|\"\")+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)(?:\\s+([^(]*))?");

    private static final Pattern NO_CLASS = Pattern.compile("(?i)(asc|desc|nulls|first|last|collate|,).*|");

    private static final String COLUMNS = """
            SELECT attribute.attname::text AS name, pg_catalog.format_type(attribute.atttypid, NULL) AS type,
                   EXISTS (SELECT FROM pg_catalog.pg_opclass AS class
                             JOIN pg_catalog.pg_am AS method ON method.oid = class.opcmethod
                            WHERE method.amname = ? AND class.opcdefault
                              AND (class.opcintype = base.oid
                                   OR class.opcintype = CASE base.typtype
                                        WHEN 'e' THEN 'anyenum'::regtype WHEN 'r' THEN 'anyrange'::regtype
                                        WHEN 'm' THEN 'anymultirange'::regtype END
                                   OR (base.typcategory = 'A' AND class.opcintype = 'anyarray'::regtype)
                                   OR EXISTS (SELECT FROM pg_catalog.pg_cast AS same
                                               WHERE same.castsource = base.oid AND same.casttarget = class.opcintype
                                                 AND same.castmethod = 'b' AND same.castcontext = 'i'))) AS indexable
              FROM pg_catalog.pg_attribute AS attribute
              JOIN pg_catalog.pg_type AS declared ON declared.oid = attribute.atttypid
              JOIN pg_catalog.pg_type AS base
                ON base.oid = CASE WHEN declared.typtype = 'd' THEN declared.typbasetype ELSE declared.oid END
             WHERE attribute.attrelid = ?::oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
             ORDER BY attribute.attnum
            """;

    private static final String METHOD = """
            SELECT pg_catalog.pg_indexam_has_property(oid, 'can_unique') AS can_unique,
                   pg_catalog.pg_indexam_has_property(oid, 'can_multi_col') AS can_multi_col,
                   pg_catalog.pg_indexam_has_property(oid, 'can_include') AS can_include
              FROM pg_catalog.pg_am WHERE amname = ?
            """;

    private static final String SIMILAR = """
            SELECT called.relname::text AS name,
                   ARRAY(SELECT pg_catalog.pg_get_indexdef(index.indexrelid, place, true)
                           FROM generate_series(1, index.indnkeyatts) AS place)::text[] AS columns
              FROM pg_catalog.pg_index AS index
              JOIN pg_catalog.pg_class AS called ON called.oid = index.indexrelid
              JOIN pg_catalog.pg_am AS method ON method.oid = called.relam
             WHERE index.indrelid = ?::oid AND index.indisvalid AND index.indpred IS NULL AND method.amname = ?
             ORDER BY called.relname
            """;

    record Column(String name, String type, boolean indexable) {}

    record Method(boolean canUnique, boolean canMultiCol, boolean canInclude) {}

    record Similar(String name, List<String> columns) {}

    private final CreateIndex.Input input;
    private final String table;
    private final int oid;
    private final Sql sql;
    private final String method;

    IndexChecks(CreateIndex.Input input, String table, int oid, Sql sql) {
        this.input = input;
        this.table = table;
        this.oid = oid;
        this.sql = sql;
        this.method = input.method().name().toLowerCase(Locale.ROOT);
    }

    List<Check> all() {
        Map<String, Column> columns = sql.list(Column.class, COLUMNS, method, oid).stream()
                .collect(Collectors.toMap(Column::name, column -> column, (one, other) -> one, LinkedHashMap::new));
        List<Check> checks = new ArrayList<>();
        input.columns().forEach(entry -> column(entry, columns, true).ifPresent(checks::add));
        input.include().orElse(List.of()).forEach(entry -> column(entry, columns, false));
        checks.addAll(method());
        similar().ifPresent(checks::add);
        return checks;
    }

    /** Empty where nothing is wrong, or where only the server can tell, as with expressions. */
    private Optional<Check> column(String entry, Map<String, Column> columns, boolean key) {
        Matcher matcher = COLUMN.matcher(entry);
        if (!matcher.matches()) {
            return key
                    ? Optional.of(new Check(
                            "the expression " + entry, Verdict.UNKNOWN, "only the build tells whether it is immutable"))
                    : Optional.empty();
        }
        Column column = columns.get(plain(matcher.group(1)));
        if (column == null) {
            String near = Nearest.of(plain(matcher.group(1)), columns.keySet());
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    table + " has no column " + matcher.group(1) + ".",
                    (near == null ? "" : "Did you mean " + near + "? ") + "It has: "
                            + String.join(", ", columns.keySet()) + ". An expression stands in parentheses.");
        }
        String rest = matcher.group(2) == null ? "" : matcher.group(2).strip();
        boolean byDefault = NO_CLASS.matcher(rest).matches();
        return key && byDefault && !column.indexable()
                ? Optional.of(Plan.check(
                        method + " can index " + column.name(),
                        false,
                        "its type " + column.type() + " has no default operator class for " + method))
                : Optional.empty();
    }

    private static String plain(String name) {
        return name.startsWith("\"")
                ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                : name.toLowerCase(Locale.ROOT);
    }

    private List<Check> method() {
        List<Check> checks = new ArrayList<>();
        Method can = sql.one(Method.class, METHOD, method);
        if (input.unique() && !can.canUnique()) {
            checks.add(Plan.check(method + " can be unique", false, "only btree can"));
        }
        if (input.columns().size() > 1 && !can.canMultiCol()) {
            checks.add(Plan.check(method + " takes several columns", false, "it takes one"));
        }
        if (input.include().isPresent() && !can.canInclude()) {
            checks.add(Plan.check(method + " can carry columns along", false, "include is not for " + method));
        }
        return checks;
    }

    private Optional<Check> similar() {
        List<String> wanted = input.columns().stream().map(String::strip).toList();
        return sql.list(Similar.class, SIMILAR, oid, method).stream()
                .filter(one -> one.columns().size() >= wanted.size()
                        && one.columns().subList(0, wanted.size()).equals(wanted))
                .findFirst()
                .map(one -> new Check(
                        "no index serves this already",
                        Verdict.RISKY,
                        one.name() + " begins with the same columns (" + String.join(", ", one.columns()) + ")"));
    }

    /** Citus can keep values apart only within a shard, so the column that chooses the shard must be among them. */
    static Optional<Check> uniqueAcrossShards(CreateIndex.Input input, @Nullable String distributionColumn) {
        if (!input.unique() || distributionColumn == null) {
            return Optional.empty();
        }
        boolean within = input.columns().stream().anyMatch(entry -> {
            Matcher matcher = COLUMN.matcher(entry);
            return matcher.matches() && plain(matcher.group(1)).equals(distributionColumn);
        });
        return Optional.of(Plan.check(
                "it is unique across shards",
                within,
                within
                        ? "the distribution column " + distributionColumn + " is among its columns"
                        : "Citus refuses it without the distribution column " + distributionColumn));
    }
}
