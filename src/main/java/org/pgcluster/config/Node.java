package org.pgcluster.config;

import java.util.List;
import java.util.Map;

/** What a configuration file holds, whatever its format; every node knows its line. */
sealed interface Node {
    int line();

    /** {@code absent} where nothing, {@code ~} or {@code null} was written. */
    record Scalar(int line, String text, boolean absent) implements Node {}

    record Items(int line, List<Node> nodes) implements Node {}

    record Fields(int line, Map<String, Node> nodes) implements Node {}
}
