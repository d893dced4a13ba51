package org.pgcluster.config;

import java.util.Set;

/** What a file in the working directory, which may come from a stranger's repository, must leave alone. */
final class PlantedRule {
    private static final Set<String> FORBIDDEN = Set.of(
            "mode",
            "allow_execute",
            "acts",
            "audit_file",
            "state_dir",
            "discovery_hosts",
            "allow_plaintext",
            "allowed_functions",
            "kubeconfig");

    private PlantedRule() {}

    /** {@code written} is the name in the file, which may be that of a secret's own file. */
    static boolean forbids(Key<?> key, String written) {
        var name = key.name();
        return FORBIDDEN.contains(name)
                || name.startsWith("approval")
                || name.startsWith("admin_")
                || written.endsWith("_file");
    }

    static boolean usesVariable(Node node) {
        if (node instanceof Node.Scalar scalar) {
            return scalar.text().contains("${");
        }
        if (node instanceof Node.Items items) {
            for (var item : items.nodes()) {
                if (usesVariable(item)) {
                    return true;
                }
            }
        }
        return false;
    }
}
