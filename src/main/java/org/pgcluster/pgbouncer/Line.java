package org.pgcluster.pgbouncer;

import java.nio.ByteBuffer;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.wire.Wire;

/** Messages over a wire: a letter, a length, a body. */
record Line(String label, Wire wire) {
    private static final int LONGEST = 16 << 20;

    void send(char type, byte[] body) {
        wire.send(ByteBuffer.allocate(5 + body.length)
                .put((byte) type)
                .putInt(4 + body.length)
                .put(body)
                .array());
    }

    Message next() {
        ByteBuffer head = ByteBuffer.wrap(wire.take(5));
        char type = (char) head.get();
        int length = head.getInt() - 4;
        if (length < 0 || length > LONGEST || !Character.isLetter(type)) {
            throw stranger();
        }
        return new Message(type, wire.take(length));
    }

    ToolException stranger() {
        return new ToolException(
                ErrorCode.UPSTREAM_ERROR,
                label + " answers, yet not as PgBouncer does.",
                "pgbouncer_dsns takes PgBouncer's own port, by default 6432, with the database pgbouncer.");
    }
}
