package org.pgcluster.postgres;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a server and our login on it can do. Immutable. */
public record Capabilities(
        int versionNum,
        String version,
        String database,
        String user,
        boolean superuser,
        boolean standby,
        Optional<String> systemIdentifier,
        List<String> roles,
        Map<String, String> extensions,
        Optional<String> citusVersion,
        boolean behindPooler) {
    /** One row; the identity of the cluster is not everybody's to read. */
    private static final String QUERY = """
            SELECT current_setting('server_version_num')::int AS version_num,
                   current_setting('server_version') AS version,
                   current_database() AS database,
                   current_user AS "user",
                   coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false) AS superuser,
                   pg_is_in_recovery() AS standby,
                   CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                        THEN (SELECT system_identifier::text FROM pg_control_system()) END AS system_identifier,
                   (SELECT coalesce(array_agg(rolname::text ORDER BY rolname), '{}')
                      FROM pg_roles
                     WHERE pg_has_role(current_user, oid, 'MEMBER')) AS roles,
                   (SELECT coalesce(array_agg(extname::text ORDER BY extname), '{}') FROM pg_extension) AS names,
                   (SELECT coalesce(array_agg(extversion ORDER BY extname), '{}') FROM pg_extension) AS versions
            """;

    private record Row(
            int versionNum,
            String version,
            String database,
            String user,
            boolean superuser,
            boolean standby,
            Optional<String> systemIdentifier,
            List<String> roles,
            List<String> names,
            List<String> versions) {}

    public Capabilities {
        roles = List.copyOf(roles);
        extensions = Map.copyOf(extensions);
    }

    static Capabilities ask(Sql sql, boolean behindPooler) {
        var row = sql.one(Row.class, QUERY);
        var extensions = new TreeMap<String, String>();
        for (int i = 0; i < row.names().size(); i++) {
            extensions.put(row.names().get(i), row.versions().get(i));
        }
        return new Capabilities(
                row.versionNum(),
                row.version(),
                row.database(),
                row.user(),
                row.superuser(),
                row.standby(),
                row.systemIdentifier(),
                row.roles(),
                extensions,
                Optional.ofNullable(extensions.get("citus")),
                behindPooler);
    }

    public boolean has(String extension) {
        return extensions.containsKey(extension);
    }

    /** By PostgreSQL's major version: {@code atLeast(14)}. */
    public boolean atLeast(int major) {
        return versionNum >= major * 10_000;
    }

    public boolean citusAtLeast(int major, int minor) {
        return citusVersion.map(version -> compare(version, major, minor) >= 0).orElse(false);
    }

    public boolean memberOf(String role) {
        return superuser || roles.contains(role);
    }

    /** Citus writes {@code 13.2-1}. */
    private static int compare(String version, int major, int minor) {
        var parts = version.split("[.-]", 3);
        int first = Integer.compare(Integer.parseInt(parts[0]), major);
        return first != 0 ? first : Integer.compare(parts.length > 1 ? Integer.parseInt(parts[1]) : 0, minor);
    }
}
