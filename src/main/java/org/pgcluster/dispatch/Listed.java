package org.pgcluster.dispatch;

import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Mode;

/** One line of the packed catalogue: what is known of a tool without loading it. */
record Listed(String toolset, String name, String kind, String reach, String json) {
    boolean act() {
        return kind.equals("CHANGES") || kind.equals("DESTROYS");
    }

    boolean ofCluster() {
        return reach.equals("CLUSTER");
    }

    /** Whether the cluster's {@code acts} leaves this in: a name or toolset, {@code -name} takes one out. */
    boolean namedBy(ClusterSettings cluster) {
        boolean onlyTakesOut = true;
        boolean in = false;
        for (String word : cluster.acts()) {
            if (word.equals("-" + name) || word.equals("-" + toolset)) {
                return false;
            }
            onlyTakesOut &= word.startsWith("-");
            in |= word.equals(name) || word.equals(toolset);
        }
        return in || onlyTakesOut;
    }

    boolean listedFor(ClusterSettings cluster) {
        return namedBy(cluster)
                && (cluster.mode() == Mode.PLAN || (cluster.mode() == Mode.ADMIN && cluster.allowExecute()));
    }
}
