package org.pgcluster.mcp;

import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Desk;

/** The desk, made when it is first wanted; where that fails the next call tries again. Threads share it. */
final class LazyDesk implements Runnable {
    /** In which the client asks for the list of tools: two cores are few, and that answer is ready. */
    private static final long BREATH_NANOS = 8_000_000;

    private final Supplier<Desk> maker;
    private @Nullable Desk made;

    LazyDesk(Supplier<Desk> maker) {
        this.maker = maker;
    }

    synchronized Desk get() {
        if (made == null) {
            made = maker.get();
        }
        return made;
    }

    /** Makes it ahead of the first call. */
    @Override
    public void run() {
        LockSupport.parkNanos(BREATH_NANOS);
        try {
            get();
        } catch (Throwable e) {
            Complaints.about("the start", e);
        }
    }

    /** Lets go of what the desk holds; on a thread of its own, since the process ends whether that succeeds or not. */
    void close(long millis) {
        var closing = new Thread(new Closing(), "close");
        closing.setDaemon(true);
        closing.start();
        try {
            closing.join(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Closing implements Runnable {
        @Override
        public void run() {
            try {
                synchronized (LazyDesk.this) {
                    if (made instanceof AutoCloseable open) {
                        open.close();
                    }
                }
            } catch (Throwable e) {
                Complaints.about("closing", e);
            }
        }
    }
}
