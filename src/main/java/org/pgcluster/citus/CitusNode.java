package org.pgcluster.citus;

/** One row of pg_dist_node. Several nodes may share a host, so only {@code nodeId} tells them apart. */
public record CitusNode(
        int nodeId,
        int groupId,
        String host,
        int port,
        String rack,
        String role,
        boolean active,
        boolean hasMetadata,
        boolean metadataSynced,
        boolean shouldHaveShards,
        String nodeCluster,
        boolean ofThisCluster,
        boolean isClone) {
    public String where() {
        return host + ":" + port;
    }

    public String kind() {
        return groupId == 0 ? "coordinator" : "worker";
    }

    /** Only these are sent anything. */
    public boolean isAsked() {
        return active && primary();
    }

    public boolean primary() {
        return role.equals("primary") && ofThisCluster && !isClone;
    }

    /** Where new shards may go. */
    public boolean holdsShards() {
        return isAsked() && shouldHaveShards;
    }
}
