package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.snapshot.CitusState;
import org.pgcluster.snapshot.CitusState.MissingCopy;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unread;

/** Whether pg_dist_node names the servers that are really there and lead. */
final class CitusMetadata implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("citus.group_down", "no server of a Citus group answers, nor its Patroni"),
                new Kind("citus.names_no_leader", "pg_dist_node names another server than the group's leader"),
                new Kind("citus.node_is_standby", "a node that should take writes is a standby"),
                new Kind("citus.node_inactive", "a node is switched off in pg_dist_node"),
                new Kind("citus.metadata_not_synced", "a node has no metadata, or older one"),
                new Kind("citus.coordinator_unregistered", "the coordinator is missing from pg_dist_node"),
                new Kind("citus.workers_missing", "fewer workers are registered than `expect` says"),
                new Kind("citus.reference_copy_missing", "a reference table has no copy on a worker"),
                new Kind("citus.shard_missing", "the table of a shard is gone from its node"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        Optional<CitusState> citus = snapshot.citus();
        List<Finding> findings = new ArrayList<>();
        if (citus.isEmpty()) {
            absent(snapshot, findings);
            return findings;
        }
        Estate estate = new Estate(snapshot);
        for (CitusNode node : citus.get().nodes()) {
            if (node.primary()) {
                node(snapshot, estate, node, findings);
            }
        }
        registered(snapshot, estate, citus.get(), findings);
        citus.get().missingCopies().forEach(one -> copy(estate, one, findings));
        for (PostgresState state : snapshot.postgres()) {
            shards(estate, state, findings);
            standby(estate, state, findings);
        }
        return findings;
    }

    private static void node(Snapshot snapshot, Estate estate, CitusNode node, List<Finding> findings) {
        down(snapshot, estate, node, findings);
        leader(estate, node, findings);
        if (!node.active()) {
            findings.add(Found.warning(
                            "citus.node_inactive",
                            node.where(),
                            node.where() + " is switched off in pg_dist_node: queries that need its shards fail")
                    .read("nodeid", node.nodeId())
                    .read("isactive", false)
                    .next("citus_activate_node", Map.of("node", node.where(), "dry_run", true))
                    .byHand("SELECT citus_activate_node('" + node.host() + "', " + node.port() + ")")
                    .advice("Ask who disabled it and why; activate it once it is well."));
        }
        boolean unsynced = !node.hasMetadata() || !node.metadataSynced();
        if (node.groupId() != 0 && node.active() && unsynced && estate.givesMetadataToAll()) {
            findings.add(
                    Found.warning(
                                    "citus.metadata_not_synced",
                                    node.where(),
                                    node.where() + (node.hasMetadata() ? " has older metadata" : " has no metadata")
                                            + ": queries sent to it fail or miss tables; through the coordinator they work")
                            .read("hasmetadata", node.hasMetadata())
                            .read("metadatasynced", node.metadataSynced())
                            .next("citus_worker_health")
                            .byHand("SELECT start_metadata_sync_to_node('" + node.host() + "', " + node.port() + ")")
                            .advice(
                                    "Seconds after a node was changed that is normal. If it stays, sync it: citus_sync_metadata."));
        }
    }

    /**
     * Where no Patroni is configured it cannot be told from one server that is down, nor where some group that answers may
     * be this one.
     */
    private static void down(Snapshot snapshot, Estate estate, CitusNode node, List<Finding> findings) {
        String group = String.valueOf(node.groupId());
        boolean silent = snapshot.unavailable().stream()
                .anyMatch(one -> one.component().equals("citus") && one.where().equals(node.where()));
        boolean watched = snapshot.around().patroni().isPresent();
        boolean allKnown = estate.groups().stream().allMatch(one -> one.name().matches("\\d+"));
        if (silent && watched && allKnown && estate.group(group).isEmpty()) {
            List<String> patronis = snapshot.unavailable().stream()
                    .filter(one -> one.component().equals("patroni"))
                    .map(Unread::where)
                    .toList();
            findings.add(Found.critical(
                            "citus.group_down",
                            "group " + group,
                            "Citus group " + group + " is down: neither " + node.where()
                                    + " nor any Patroni of its members answers")
                    .read("pg_dist_node", node.where())
                    .read("patroni_silent", patronis)
                    .next("citus_lost_node_report", Map.of("node", node.where()))
                    .advice("Start its members, the former leader first. What needs its shards fails meanwhile, sizes"
                            + " are partial. Do not remove the node: that drops its shards."));
        }
    }

    private static void leader(Estate estate, CitusNode node, List<Finding> findings) {
        Optional<Group> group = estate.group(String.valueOf(node.groupId()));
        Optional<Member> leader = group.flatMap(Group::leader);
        Optional<String> address = leader.flatMap(Member::address);
        Optional<Member> seat = estate.seat(node);
        boolean unsure = seat.isEmpty() && !Routing.canBeCompared(node.where(), address.orElse(null));
        boolean registered = unsure || seat.equals(leader);
        if (leader.isPresent() && !registered) {
            Member who = leader.get();
            String other = address.orElseThrow();
            String[] parts = {other.substring(0, other.lastIndexOf(':')), other.substring(other.lastIndexOf(':') + 1)};
            findings.add(Found.critical(
                            "citus.names_no_leader",
                            node.where(),
                            "Citus sends the work of group " + node.groupId() + " to " + node.where()
                                    + there(seat, group.orElseThrow()) + "; its leader "
                                    + who.name() + " is at " + other)
                    .read("pg_dist_node", node.where())
                    .read("nodeid", node.nodeId())
                    .read("patroni_leader", who.name())
                    .read("leader_address", other)
                    .read("metadatasynced", node.metadataSynced())
                    .next(
                            "citus_update_node",
                            Map.of(
                                    "node",
                                    node.where(),
                                    "host",
                                    parts[0],
                                    "port",
                                    Integer.parseInt(parts[1]),
                                    "dry_run",
                                    true))
                    .byHand("SELECT citus_update_node(" + node.nodeId() + ", '" + parts[0] + "', " + parts[1] + ")")
                    .advice("For some seconds after a failover that is normal, since Patroni corrects it. If it stays,"
                            + " correct it with citus_update_node; the dry run shows what it would do."));
        }
    }

    private static String there(Optional<Member> seat, Group group) {
        if (seat.isEmpty()) {
            return ", where no member is";
        }
        return group.members().contains(seat.get())
                ? ", a replica: writes fail"
                : ", where " + seat.get().name() + " of another group is: its shards are not there";
    }

    private static Finding unregistered(Estate estate, List<CitusNode> primaries) {
        Found found = Found.warning(
                        "citus.coordinator_unregistered",
                        "coordinator",
                        "The coordinator is missing from pg_dist_node: local tables cannot be joined with reference"
                                + " tables by all nodes, and it can hold no shards")
                .read("groups", primaries.stream().map(CitusNode::groupId).toList());
        String advice = "Register it under an address that every worker reaches: citus_set_coordinator_host.";
        String where = estate.coordinator().orElse("");
        int colon = where.lastIndexOf(':');
        if (colon < 0) {
            return found.next("list_nodes").advice(advice);
        }
        String host = where.substring(0, colon);
        int port = Integer.parseInt(where.substring(colon + 1));
        return found.read("coordinator", where)
                .next("citus_set_coordinator_host", Map.of("host", host, "port", port, "dry_run", true))
                .byHand("SELECT citus_set_coordinator_host('" + host + "', " + port + ")")
                .advice(advice);
    }

    private static void registered(Snapshot snapshot, Estate estate, CitusState citus, List<Finding> findings) {
        List<CitusNode> primaries =
                citus.nodes().stream().filter(CitusNode::primary).toList();
        if (!primaries.isEmpty() && primaries.stream().noneMatch(node -> node.groupId() == 0)) {
            findings.add(unregistered(estate, primaries));
        }
        long workers = primaries.stream()
                .filter(node -> node.groupId() != 0 && node.active())
                .count();
        int expected = snapshot.around().expected().workers().orElse(0);
        if (workers < expected) {
            findings.add(missing(
                            workers,
                            expected,
                            workers + (workers == 1 ? " worker is" : " workers are") + " registered and active, not "
                                    + expected)
                    .advice("Add or activate the missing one, or correct the expectation."));
        }
    }

    /** A database that was read and has no Citus has no workers either, whatever somebody expects. */
    private static void absent(Snapshot snapshot, List<Finding> findings) {
        int expected = snapshot.around().expected().workers().orElse(0);
        boolean read = !snapshot.postgres().isEmpty()
                && snapshot.unavailable().stream()
                        .noneMatch(one -> one.component().matches("postgres|citus"));
        if (expected > 0 && read) {
            findings.add(missing(0, expected, "The database has no Citus, and " + expected + " workers are expected")
                    .advice("See whether coordinator_dsn leads to the coordinator and to the database that has Citus,"
                            + " or correct the expectation."));
        }
    }

    private static Found missing(long workers, int expected, String title) {
        return Found.warning("citus.workers_missing", "workers", title)
                .read("pg_dist_node", workers)
                .read("expect.workers", expected)
                .next(workers == 0 ? "server_info" : "list_nodes");
    }

    private static void copy(Estate estate, MissingCopy one, List<Finding> findings) {
        String where = estate.nodes().stream()
                .filter(node -> node.nodeId() == one.nodeId())
                .map(CitusNode::where)
                .findFirst()
                .orElse("node " + one.nodeId());
        findings.add(Found.warning(
                        "citus.reference_copy_missing",
                        one.tableName() + " on " + where,
                        "Reference table " + one.tableName() + " has no copy on " + where)
                .read("nodeid", one.nodeId())
                .next("citus_table_inspector", Map.of("table", one.tableName()))
                .byHand("SELECT replicate_reference_tables('block_writes')")
                .advice("Normal on a node that was just added. Copy it before queries that join there need it:"
                        + " citus_replicate_reference_tables; a rebalance begins with it, too."));
    }

    private static void standby(Estate estate, PostgresState state, List<Finding> findings) {
        Optional<CitusNode> node = estate.node(state).filter(CitusNode::primary);
        if (state.standby() && node.isPresent()) {
            findings.add(Found.critical(
                            "citus.node_is_standby",
                            state.where(),
                            state.where() + " is registered as a primary and is a standby: writes to its shards fail")
                    .read("nodeid", node.get().nodeId())
                    .read("pg_is_in_recovery", true)
                    .next("citus_worker_health")
                    .byHand("SELECT sender_host, sender_port FROM pg_stat_wal_receiver (on " + state.where() + ")")
                    .advice("Find the leader of group " + node.get().groupId()
                            + ", which a standby receives from, and name it: citus_update_node."));
        }
    }

    private static void shards(Estate estate, PostgresState state, List<Finding> findings) {
        var missing = state.details().missingShards();
        if (missing.isEmpty()) {
            return;
        }
        List<String> tables = missing.stream()
                .map(one -> one.tableName() + "_" + one.shardId())
                .toList();
        findings.add(Found.critical(
                        "citus.shard_missing",
                        state.where(),
                        tables.size() + (tables.size() == 1 ? " shard is" : " shards are") + " gone from "
                                + state.where() + ": "
                                + String.join(", ", tables.subList(0, Math.min(3, tables.size()))))
                .read("missing", tables)
                .read("group", missing.get(0).groupId())
                .sure(estate.node(state).isPresent() || missing.get(0).groupId() == 0 ? Sure.CERTAIN : Sure.LIKELY)
                .next("citus_table_inspector", Map.of("table", missing.get(0).tableName(), "include_shards", true))
                .byHand("SELECT oid::regclass FROM pg_class WHERE relname ~ '_"
                        + missing.get(0).shardId() + "$' (on " + state.where()
                        + ", to see whether it was renamed or moved)")
                .advice("Queries that touch them fail. Restore them from a backup or a copy, under their names. Never"
                        + " drop metadata first: it is the list of what is lost."));
    }
}
