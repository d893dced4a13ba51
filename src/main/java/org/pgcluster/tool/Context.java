package org.pgcluster.tool;

import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.postgres.Sql;

/** What a tool is given beside its input; {@code client} is what who calls calls itself. Confined to one call. */
public record Context(Cluster cluster, Call call, Server server, boolean reserved, String client) {
    /** Another session's statement as it may be shown: under row_data: deny without its values. */
    public @Nullable String shown(@Nullable String statement) {
        return statement == null ? null : cluster.shown(statement);
    }

    /** The reading tier of the cluster; what it opens ends with the call. */
    public Sql sql() {
        return reserved ? cluster.reservedSql(call) : cluster.sql(call);
    }
}
