package org.pgcluster.mcp;

import java.time.Duration;

/**
 * What one client may take. {@code inFlight} calls have a thread each, {@code queued} more wait, others are refused.
 * {@code grace} is what calls have to end after the client went, and leaves enough of three seconds to stop the others;
 * {@code call} is the deadline of each call.
 */
public record Limits(int lineBytes, int inFlight, int queued, Duration grace, Duration call) {
    private static final int MIB = 1 << 20;

    public static Limits with(Duration call) {
        return new Limits(64 * MIB, 256, 1024, Duration.ofMillis(1_800), call);
    }
}
