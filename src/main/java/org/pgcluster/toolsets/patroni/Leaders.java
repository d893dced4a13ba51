package org.pgcluster.toolsets.patroni;

import java.util.Objects;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Node;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Context;

/** SQL on the members of a group: on the leader by the coordinator's or its Citus node's own connection. */
final class Leaders {
    private Leaders() {}

    record Where(String address, boolean standby, String systemIdentifier) {}

    private static final String WHERE = """
            SELECT coalesce(host(inet_server_addr()), 'socket') || ':' || current_setting('port') AS address,
                   pg_is_in_recovery() AS standby,
                   CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                        THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END AS system_identifier
            """;

    /** A replica, with the coordinator's login. */
    static Sql sql(Member replica, Context context) {
        return sql(replica, context, context.call());
    }

    static Sql sql(Member replica, Context context, Call call) {
        DcsView.Row row = replica.dcs()
                .filter(one -> one.host() != null && one.port() != null)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED, "Nobody tells the address of " + replica.name() + ".", null));
        return context.cluster()
                .server(Objects.requireNonNull(row.host()), Objects.requireNonNull(row.port()))
                .sql(call);
    }

    static Sql sql(Group group, Context context) {
        return sql(group, context, context.call());
    }

    static Sql sql(Group group, Context context, Call call) {
        Member leader = group.leader()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.PRECONDITION_FAILED,
                        "Group " + group.name() + " has no leader to ask by SQL.",
                        null));
        String address = leader.address().orElse("");
        for (Node node : context.cluster().nodes(call)) {
            if (node.where().equals(address)) {
                return node.sql(call);
            }
        }
        Sql coordinator = context.cluster().sql(call);
        Where here = coordinator.one(Where.class, WHERE);
        String identity =
                leader.own().map(own -> String.valueOf(own.systemIdentifier())).orElse("");
        boolean same = !here.standby()
                && (here.systemIdentifier().isEmpty()
                        ? here.address().equals(address) // a port alone is the same on most hosts
                        : here.systemIdentifier().equals(identity));
        if (!same) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "No connection leads to " + address + ", the leader of group " + group.name() + ".",
                    "coordinator_dsn and worker_dsns say which servers are asked by SQL.");
        }
        return coordinator;
    }
}
