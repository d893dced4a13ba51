package org.pgcluster.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration in force: flag before variable before file before default.
 *
 * @param clusters by name, in the order in which they were named
 * @param problems all that is wrong; with any of these the server offers its core tools only
 */
public record Settings(
        ServerSettings server,
        Map<String, ClusterSettings> clusters,
        List<Problem> problems,
        List<Problem> warnings,
        List<Resolved> values) {
    public Settings {
        clusters = Collections.unmodifiableMap(new LinkedHashMap<>(clusters));
        problems = List.copyOf(problems);
        warnings = List.copyOf(warnings);
        values = List.copyOf(values);
    }

    /** Never throws: what is wrong stands in {@link #problems}, and a safe value in its place. */
    public static Settings load(Inputs inputs) {
        return new Loading(inputs).load();
    }

    /** Every secret in force, so that it can be replaced wherever it occurs. */
    public List<Secret> secrets() {
        var found = new ArrayList<Secret>();
        server.approvalSecret().ifPresent(found::add);
        for (var cluster : clusters.values()) {
            cluster.coordinator().flatMap(Dsn::password).ifPresent(found::add);
            cluster.direct().flatMap(Dsn::password).ifPresent(found::add);
            cluster.admin().flatMap(Dsn::password).ifPresent(found::add);
            cluster.workers().forEach(dsn -> dsn.password().ifPresent(found::add));
            cluster.pgbouncers().forEach(dsn -> dsn.password().ifPresent(found::add));
            cluster.patroniAccess().password().ifPresent(found::add);
            cluster.haproxyAccess().password().ifPresent(found::add);
        }
        return List.copyOf(new java.util.LinkedHashSet<>(found));
    }
}
