package org.pgcluster.config;

import java.util.Optional;

/** Where the Kubernetes of a cluster is. {@code kubeconfig} may be a list of files, as kubectl takes it. */
public record Kubernetes(Optional<String> kubeconfig, Optional<String> context, Optional<String> namespace) {
    public boolean isConfigured() {
        return kubeconfig.isPresent() || context.isPresent() || namespace.isPresent();
    }
}
