package org.pgcluster.snapshot;

import java.util.List;
import org.pgcluster.error.Silent;

/** A part that could not be read, and why. */
public record Unavailable(String component, String where, String why) {
    public static List<Unavailable> of(String component, List<Silent> silent) {
        return silent.stream()
                .map(one -> new Unavailable(component, one.where(), one.why()))
                .toList();
    }
}
