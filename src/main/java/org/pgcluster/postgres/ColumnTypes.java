package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgcluster.postgres.safety.Aside;
import org.postgresql.jdbc.PgResultSet;

/**
 * What the columns of a result are called, and of which type. The driver would look a type up with the search path of
 * the session, where its query could call anybody's operator.
 */
final class ColumnTypes {
    /** The types of nearly every column; they are the same on every server. */
    private static final Map<Long, String> USUAL = Map.ofEntries(
            Map.entry(16L, "bool"),
            Map.entry(17L, "bytea"),
            Map.entry(18L, "char"),
            Map.entry(19L, "name"),
            Map.entry(20L, "int8"),
            Map.entry(21L, "int2"),
            Map.entry(23L, "int4"),
            Map.entry(25L, "text"),
            Map.entry(26L, "oid"),
            Map.entry(114L, "json"),
            Map.entry(700L, "float4"),
            Map.entry(701L, "float8"),
            Map.entry(1007L, "_int4"),
            Map.entry(1009L, "_text"),
            Map.entry(1043L, "varchar"),
            Map.entry(1082L, "date"),
            Map.entry(1114L, "timestamp"),
            Map.entry(1184L, "timestamptz"),
            Map.entry(1186L, "interval"),
            Map.entry(1700L, "numeric"),
            Map.entry(2205L, "regclass"),
            Map.entry(2950L, "uuid"),
            Map.entry(3802L, "jsonb"));

    private ColumnTypes() {}

    static List<FreeSql.Column> of(Connection connection, ResultSet rows) throws SQLException {
        var result = rows.unwrap(PgResultSet.class);
        var meta = rows.getMetaData();
        var types = new ArrayList<Long>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            types.add(Integer.toUnsignedLong(result.getColumnOID(i)));
        }
        var names = names(connection, types);
        var columns = new ArrayList<FreeSql.Column>();
        for (int i = 0; i < types.size(); i++) {
            columns.add(new FreeSql.Column(meta.getColumnLabel(i + 1), names.getOrDefault(types.get(i), "unknown")));
        }
        return columns;
    }

    private static Map<Long, String> names(Connection connection, List<Long> types) throws SQLException {
        var unusual = types.stream()
                .filter(type -> !USUAL.containsKey(type))
                .distinct()
                .toList();
        if (unusual.isEmpty()) {
            return USUAL;
        }
        var names = new HashMap<>(USUAL);
        Aside.typeNames(connection, unusual, row -> names.put(row.getLong(1), row.getString(2)));
        return names;
    }
}
