package org.pgcluster.config;

import java.nio.file.Path;
import java.util.Optional;

/** How to introduce oneself to Patroni's REST interface or HAProxy's statistics page, and whom to trust there. */
public record ComponentAccess(
        Optional<String> user,
        Optional<Secret> password,
        Optional<Path> caFile,
        Optional<Path> certFile,
        Optional<Path> keyFile) {}
