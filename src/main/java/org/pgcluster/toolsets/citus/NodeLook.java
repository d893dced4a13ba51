package org.pgcluster.toolsets.citus;

import org.pgcluster.citus.CitusNode;

/** What an approval of a change to a node holds on to. */
record NodeLook(int nodeId, int group, String where, boolean active, boolean shouldHaveShards, long shards) {
    static NodeLook of(CitusNode node, long shards) {
        return new NodeLook(
                node.nodeId(), node.groupId(), node.where(), node.active(), node.shouldHaveShards(), shards);
    }
}
