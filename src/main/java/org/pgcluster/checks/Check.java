package org.pgcluster.checks;

import java.util.List;
import org.pgcluster.snapshot.Snapshot;

/** Judges one thing in a snapshot. Pure: the same snapshot gives the same findings. */
public interface Check {
    List<Finding> judge(Snapshot snapshot);
}
