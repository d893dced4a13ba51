package org.pgcluster.tool;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Clusters;

/** What the server knows of itself. Threads share it. */
public interface Server {
    String version();

    Clusters clusters();

    /** Tools that this configuration does not offer, each with the key that makes it so. */
    Map<String, String> switchedOff();

    /** What is wrong with the configuration. */
    List<String> problems();

    int maxRows();

    int maxTextBytes();

    /** Waits until the operation ends or the time is over; one that nobody knows is an error. */
    Followed await(String name, Duration patience, Call call);

    /** Asks a running operation to stop; tells what became of the request. */
    Followed cancel(String name, Call call);

    /** Plans an act and files a request for a person's approval. */
    Filed file(String act, Map<String, @Nullable Object> arguments, Optional<Duration> life, Call call, String client);

    /** An operation as it stands. */
    record Followed(
            String operation,
            String tool,
            String cluster,
            String state,
            long seconds,
            String progress,
            Optional<String> outcome) {}

    /** A request that waits; {@code token} only where the assistant itself may approve. */
    record Filed(
            String name,
            String file,
            String command,
            String host,
            String expiresAt,
            Optional<String> token,
            String plan) {}
}
