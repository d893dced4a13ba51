package org.pgcluster.citus;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What all nodes answered to one question, by node id, and who did not. */
public record Round<R extends Record>(Map<Integer, List<R>> byNode, List<Silent> silent) {
    /** One row of one node. */
    public record Told<R extends Record>(int nodeId, R row) {}

    public List<Told<R>> told() {
        return byNode.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(row -> new Told<>(entry.getKey(), row)))
                .toList();
    }

    public List<R> rows() {
        return byNode.values().stream().flatMap(List::stream).toList();
    }

    /** The one row of a node whose answer is one row. */
    public Optional<R> of(int nodeId) {
        return byNode.getOrDefault(nodeId, List.of()).stream().findFirst();
    }

    public String whySilent(int nodeId) {
        return silent.stream()
                .filter(one -> one.nodeId() == nodeId)
                .map(Silent::why)
                .findFirst()
                .orElse("nobody asks it");
    }

    /** Whether the node is silent because it does not let this role in. */
    public boolean keepsOurLoginOut(int nodeId) {
        return silent.stream().anyMatch(one -> one.nodeId() == nodeId && one.ourLogin());
    }

    public Round<R> map(UnaryOperator<R> change) {
        Map<Integer, List<R>> changed = new LinkedHashMap<>();
        byNode.forEach(
                (node, rows) -> changed.put(node, rows.stream().map(change).toList()));
        return new Round<>(changed, silent);
    }

    public boolean complete() {
        return silent.isEmpty();
    }
}
