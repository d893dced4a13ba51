package org.pgcluster.config;

/** Keys of newer versions of citus-mcp that this server has no use for. Its files still work. */
final class NewerKeys {
    private static final String[] NAMES = {
        "coordinator_only",
        "app_name",
        "snapshot_advisor_collect_bytes",
        "snapshot_db",
        "http_addr",
        "http_port",
        "http_path",
        "sse_keepalive_seconds"
    };

    private NewerKeys() {}

    static boolean contains(String key) {
        for (var name : NAMES) {
            if (name.equals(key)) {
                return true;
            }
        }
        return false;
    }
}
