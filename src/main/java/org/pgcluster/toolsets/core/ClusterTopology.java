package org.pgcluster.toolsets.core;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.pgcluster.checks.Topology;
import org.pgcluster.checks.TopologyPicture;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Gathering;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Who is where. */
public final class ClusterTopology implements Reads<ClusterTopology.Input, ClusterTopology.Output> {
    private static final Duration EACH = Duration.ofSeconds(2);

    record Input(@Says("Also as Mermaid") @Default("false") boolean picture) {}

    record Output(
            List<Topology.Server> servers,
            List<Topology.Door> doors,
            List<String> contradictions,
            Optional<List<String>> mermaid,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            long leaders = servers.stream()
                    .filter(one -> one.role().equals("leader") || one.role().equals("primary"))
                    .count();
            return servers.size()
                    + (servers.size() == 1 ? " server, " : " servers, ")
                    + leaders
                    + (leaders == 1 ? " of them leads. " : " of them lead. ")
                    + (contradictions.isEmpty()
                            ? "All components agree on who is where."
                            : "The components contradict each other: " + String.join("; ", contradictions) + ".")
                    + (unavailable.isEmpty() ? "" : " Not everything could be read.");
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "cluster_topology",
                "Cluster topology",
                Input.class,
                Output.class,
                "Who is where: each server's Patroni role, Citus node, HAProxy and PgBouncer routes, joined by real address,"
                        + " and contradictions.");
    }

    @Override
    public Output read(Input input, Context context) {
        if (!context.cluster().anythingConfigured()) {
            context.sql(); // says which key names a database
        }
        Snapshot snapshot = Gathering.of(context.cluster(), context.call(), EACH, Clock.systemUTC());
        Topology topology = Topology.of(snapshot);
        return new Output(
                topology.servers(),
                topology.doors(),
                topology.contradictions(),
                input.picture()
                        ? Optional.of(TopologyPicture.of(topology).lines().toList())
                        : Optional.empty(),
                Unread.parts(snapshot.unavailable()));
    }
}
