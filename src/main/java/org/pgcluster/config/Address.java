package org.pgcluster.config;

/** Where a server listens. A host that begins with a slash is the folder of a Unix socket. */
public record Address(String host, int port) {
    @Override
    public String toString() {
        return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }
}
