package org.pgcluster.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
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

    /** Whether a host that was discovered, not configured, may be sent credentials. */
    public boolean givesCredentialsTo(String host) {
        var lower = host.toLowerCase(Locale.ROOT);
        for (var known : discoveryHosts) {
            var one = known.toLowerCase(Locale.ROOT);
            if (one.startsWith(".") ? lower.endsWith(one) : lower.equals(one)) {
                return true;
            }
        }
        return false;
    }
}
