package org.pgcluster.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What holds for the whole server.
 *
 * @param toolsets the toolsets that are listed, after defaults and {@code -name} were worked in
 * @param discoveryHosts hosts, and domains that begin with a dot, that are given credentials when discovered
 * @param configFile the file that was read, if any
 */
public record ServerSettings(
        Path stateDir,
        Optional<Secret> approvalSecret,
        Duration approvalTtl,
        Duration requestTtl,
        Path auditFile,
        boolean auditReads,
        List<String> toolsets,
        boolean listAliases,
        Optional<String> defaultCluster,
        List<String> discoveryHosts,
        int maxRows,
        int maxTextBytes,
        boolean caching,
        Duration cacheTtl,
        int maxConcurrentCalls,
        String logLevel,
        String logFormat,
        Optional<Path> configFile) {
    public ServerSettings {
        toolsets = List.copyOf(toolsets);
        discoveryHosts = List.copyOf(discoveryHosts);
    }
}
