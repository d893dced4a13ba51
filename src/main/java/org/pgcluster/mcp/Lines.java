package org.pgcluster.mcp;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Cuts the input into lines. A line beyond the limit is read to its end and dropped. Used by one thread. */
final class Lines {
    enum Kind {
        LINE,
        TOO_LONG,
        END
    }

    private static final int KEPT = 1 << 20;
    private static final int CHUNK = 1 << 16;

    private final InputStream in;
    private final int limit;
    private byte[] bytes = new byte[CHUNK];
    private int from;
    private int filled;
    private int end = -1;
    private int scanned;
    private boolean ended;

    Lines(InputStream in, int limit) {
        this.in = in;
        this.limit = limit;
    }

    /** After {@code LINE}, the line is {@link #bytes()} from {@link #from()} to {@link #end()} until the next call. */
    Kind next() throws IOException {
        from = Math.min(end + 1, filled);
        shrink();
        scanned = from;
        boolean dropping = false;
        while (true) {
            for (; scanned < filled; scanned++) {
                if (bytes[scanned] == '\n') {
                    end = scanned;
                    return dropping ? Kind.TOO_LONG : Kind.LINE;
                }
            }
            if (ended) {
                end = filled;
                return dropping ? Kind.TOO_LONG : from < filled ? Kind.LINE : Kind.END;
            }
            if (dropping || filled - from > limit) {
                dropping = true;
                from = 0;
                filled = 0;
                scanned = 0;
            }
            fill();
        }
    }

    private void fill() throws IOException {
        if (filled == bytes.length) {
            makeRoom();
        }
        int read = in.read(bytes, filled, bytes.length - filled);
        if (read < 0) {
            ended = true;
        } else {
            filled += read;
        }
    }

    private void makeRoom() {
        if (from > 0) {
            System.arraycopy(bytes, from, bytes, 0, filled - from);
            filled -= from;
            scanned -= from;
            from = 0;
        }
        if (filled > bytes.length / 2) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(bytes.length * 2L, limit + (long) CHUNK));
        }
    }

    /** A single huge line must not hold its memory for the rest of the session. */
    private void shrink() {
        if (bytes.length > KEPT && filled - from <= CHUNK) {
            byte[] small = new byte[CHUNK];
            System.arraycopy(bytes, from, small, 0, filled - from);
            filled -= from;
            from = 0;
            bytes = small;
        }
    }

    byte[] bytes() {
        return bytes;
    }

    int from() {
        return from;
    }

    int end() {
        return end;
    }
}
