package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pgcluster.checks.Topology.Door;
import org.pgcluster.checks.Topology.Server;

/** A topology as a Mermaid flowchart: doors on the left, groups in boxes, the coordinator's arrows to its workers. */
public final class TopologyPicture {
    private final Topology topology;
    private final StringBuilder out = new StringBuilder("flowchart LR\n");
    private final Map<String, String> ids = new LinkedHashMap<>();

    private TopologyPicture(Topology topology) {
        this.topology = topology;
    }

    public static String of(Topology topology) {
        return new TopologyPicture(topology).drawn();
    }

    private String drawn() {
        Map<String, List<Server>> groups = new LinkedHashMap<>();
        for (Server server : topology.servers()) {
            String group = server.group() == null ? "" : server.group();
            groups.computeIfAbsent(group, x -> new java.util.ArrayList<>()).add(server);
        }
        groups.forEach(this::box);
        topology.doors().forEach(this::door);
        for (List<Server> members : groups.values()) {
            replication(members);
        }
        metadata();
        return out.toString();
    }

    private void box(String group, List<Server> members) {
        if (!group.isEmpty()) {
            out.append("  subgraph ")
                    .append(id("group " + group))
                    .append("[\"group ")
                    .append(plain(group))
                    .append("\"]\n");
        }
        for (Server server : members) {
            String name = server.member() == null ? server.address() : server.member() + "<br/>" + server.address();
            String citus = server.citus() == null ? "" : "<br/>Citus " + server.citus() + " " + server.nodeId();
            out.append("    ")
                    .append(id(server.address()))
                    .append("[\"")
                    .append(plain(name))
                    .append("<br/>");
            out.append(plain(server.role())).append(plain(citus)).append("\"]\n");
        }
        out.append(group.isEmpty() ? "" : "  end\n");
    }

    private void door(Door door) {
        String here = id(door.component().equals("entry") ? door.where() : door.component() + " " + door.where());
        out.append("  ").append(here).append("([\"").append(door.component()).append("<br/>");
        out.append(plain(door.where())).append("\"])\n");
        for (String way : door.leadsTo()) {
            String address = way.substring(way.lastIndexOf(" at ") + 4);
            String label = plain(way.substring(0, way.lastIndexOf(" at ")));
            String there = ids.get(address);
            if (there == null) {
                there = id(address);
                out.append("  ")
                        .append(there)
                        .append("[\"")
                        .append(plain(address))
                        .append("\"]\n");
            }
            boolean open = !door.component().equals("haproxy") || label.endsWith(" UP") || label.endsWith("no check");
            out.append("  ")
                    .append(here)
                    .append(open ? " -->|\"" : " -.->|\"")
                    .append(label)
                    .append("\"| ");
            out.append(there).append('\n');
        }
    }

    private void replication(List<Server> members) {
        members.stream()
                .filter(one -> one.role().equals("leader"))
                .findFirst()
                .ifPresent(leader -> members.stream()
                        .filter(one -> one.group() != null && !one.equals(leader))
                        .forEach(one -> out.append("  ")
                                .append(id(leader.address()))
                                .append(" ==> ")
                                .append(id(one.address()))
                                .append('\n')));
    }

    private void metadata() {
        topology.servers().stream()
                .filter(one -> "coordinator".equals(one.citus()))
                .findFirst()
                .ifPresent(coordinator -> topology.servers().stream()
                        .filter(one -> "worker".equals(one.citus()))
                        .forEach(worker -> out.append("  ")
                                .append(id(coordinator.address()))
                                .append(" -->|\"node ")
                                .append(worker.nodeId())
                                .append("\"| ")
                                .append(id(worker.address()))
                                .append('\n')));
    }

    private String id(String what) {
        return ids.computeIfAbsent(what, x -> "n" + (ids.size() + 1));
    }

    /** Within quotes Mermaid takes everything but quotes; line breaks are ours. */
    private static String plain(String text) {
        return text.replace("\"", "#quot;").replace("\n", " ");
    }
}
