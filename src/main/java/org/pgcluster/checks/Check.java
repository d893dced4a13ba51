package org.pgcluster.checks;

import java.util.List;
import org.pgcluster.snapshot.Snapshot;

/** Judges one subject in a snapshot. Pure: the same snapshot gives the same findings. */
public interface Check {
    /** One kind of finding that it can tell, under the id that such a finding has. */
    record Kind(String id, String about) {}

    List<Kind> kinds();

    List<Finding> judge(Snapshot snapshot);
}
