package org.pgcluster.toolsets.core;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** The estates that this server knows, without asking any of them. */
public final class ListClusters implements Reads<ListClusters.Input, ListClusters.Output> {
    record Input() {}

    record Output(List<Known> clusters) implements InWords {
        @Override
        public String inWords() {
            return clusters.size() == 1 ? "One cluster." : clusters.size() + " clusters.";
        }
    }

    record Known(
            String name, @Nullable String address, @Nullable String database, String mode, boolean actsRun) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                        "list_clusters",
                        "List clusters",
                        Input.class,
                        Output.class,
                        "The clusters configured here, with address, database and what may be done there.")
                .ofServer();
    }

    @Override
    public Output read(Input input, Context context) {
        List<Known> known = new ArrayList<>();
        for (Cluster cluster : context.server().clusters().all()) {
            known.add(new Known(
                    cluster.name(),
                    cluster.addressInWords().orElse(null),
                    cluster.database().orElse(null),
                    cluster.modeInWords(),
                    cluster.actsRun()));
        }
        return new Output(List.copyOf(known));
    }
}
