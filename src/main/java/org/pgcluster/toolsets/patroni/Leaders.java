package org.pgcluster.toolsets.patroni;

import org.pgcluster.cluster.Node;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Context;

/** SQL on the leader of a group: the coordinator's own connection, or that of the Citus node at the leader's address. */
final class Leaders {
    private Leaders() {}

    record Where(String address, boolean standby, String systemIdentifier) {}

    private static final String WHERE = """
            SELECT coalesce(host(inet_server_addr()), 'socket') || ':' || current_setting('port') AS address,
                   pg_is_in_recovery() AS standby,
                   CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                        THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END AS system_identifier
            """;

    static Sql sql(Group group, Context context) {
        Member leader = group.leader()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.PRECONDITION_FAILED,
                        "Group " + group.name() + " has no leader to ask by SQL.",
                        null));
        String address = leader.address().orElse("");
        for (Node node : context.cluster().nodes(context.call())) {
            if (node.where().equals(address)) {
                return node.sql(context.call());
            }
        }
        Sql coordinator = context.sql();
        Where here = coordinator.one(Where.class, WHERE);
        String identity =
                leader.own().map(own -> String.valueOf(own.systemIdentifier())).orElse("");
        boolean same = !here.standby()
                && (here.systemIdentifier().isEmpty()
                        ? here.address().endsWith(":" + address.substring(address.lastIndexOf(':') + 1))
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
