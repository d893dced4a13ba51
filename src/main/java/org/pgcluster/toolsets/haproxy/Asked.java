package org.pgcluster.toolsets.haproxy;

import java.util.List;
import java.util.Optional;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;

/** The instances that a call is about, and those that did not answer. */
record Asked(List<Proxy> proxies, List<Unavailable> unavailable) {
    static Asked of(Optional<String> instance, Context context) {
        HaProxy haproxy = context.cluster().components().haproxy();
        if (haproxy.instances().isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "No HAProxy is configured.",
                    "Set haproxy_urls to its statistics page or runtime socket.");
        }
        List<String> wanted = instance.map(List::of).orElseGet(haproxy::instances);
        if (!haproxy.instances().containsAll(wanted)) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    "There is no HAProxy " + wanted.get(0) + ".",
                    "`instance` is one of " + String.join(", ", haproxy.instances()) + ".");
        }
        HaProxy.Observed observed =
                haproxy.read(wanted, context.cluster().settings().httpTimeout(), context.call());
        return new Asked(observed.proxies(), Unavailable.of("haproxy", observed.silent()));
    }
}
