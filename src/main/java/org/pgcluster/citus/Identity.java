package org.pgcluster.citus;

import java.util.List;

/** Which tables have nothing by which a moving shard's updates could find their rows. */
public final class Identity {
    /** Of all hash-distributed tables and partitions: identity nothing, default without a key, or an index that is gone. */
    public static final String MISSING = """
            part.partmethod IN ('h', 'n') AND part.repmodel <> 't' AND shell.relkind = 'r'
                   AND NOT CASE shell.relreplident
                           WHEN 'f' THEN true
                           WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS key
                                                  WHERE key.indrelid = shell.oid AND key.indisprimary)
                           WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS key
                                                  WHERE key.indrelid = shell.oid AND key.indisreplident
                                                    AND key.indisvalid)
                           ELSE false END""";

    private static final String OF_GROUP = """
            SELECT shell.oid::regclass::text AS name
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE part.colocationid = ?::int AND part.colocationid <> 0 AND {missing}
             ORDER BY name
            """.replace("{missing}", MISSING);

    private record Name(String name) {}

    private Identity() {}

    /** A move takes all tables of a colocation group with it, so each of them needs an identity. */
    public static List<String> missingInGroupOf(Citus citus, Table table) {
        return missingInGroup(citus, table.colocationId());
    }

    public static List<String> missingInGroup(Citus citus, int colocationId) {
        return citus.sql().list(Name.class, OF_GROUP, colocationId).stream()
                .map(Name::name)
                .toList();
    }
}
