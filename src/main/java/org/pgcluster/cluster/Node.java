package org.pgcluster.cluster;

import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.postgres.Sql;

/** A Citus node beside the coordinator. Asking it may fail where it is down or may not be given credentials. */
public record Node(String where, Optional<Integer> nodeId, Asking asking, Asking reserved) {
    public interface Asking {
        Sql sql(Call call);
    }

    public Sql sql(Call call) {
        return asking.sql(call);
    }

    /** On connections kept for what tells why everything else is slow. */
    public Sql reservedSql(Call call) {
        return reserved.sql(call);
    }
}
