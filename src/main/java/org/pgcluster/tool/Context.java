package org.pgcluster.tool;

import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.postgres.Sql;

/** What a tool is given beside its input. Confined to one call. */
public record Context(Cluster cluster, Call call, Server server, boolean reserved) {
    /** Another session's statement, which may hide from this login. */
    public @Nullable String shown(@Nullable String statement) {
        return statement == null ? null : cluster.shown(statement);
    }

    /** The reading tier of the cluster; what it opens ends with the call. */
    public Sql sql() {
        return reserved ? cluster.reservedSql(call) : cluster.sql(call);
    }
}
