package org.pgcluster.mcp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Front;

/**
 * The protocol over lines: serves one client until its input ends, the process is asked to stop, or nobody reads any
 * more. Up to the first reply it loads neither the SDK nor a JSON library, and for the same reason this package builds
 * texts on that way without the lambdas and concatenations that the JVM links at run time.
 */
public final class StdioServer {
    private static final long CANCELLING_NANOS = 400_000_000L;
    private static final long CLOSING_MILLIS = 200;
    private static final long WRITING_NANOS = 100_000_000L;

    private final Outlet outlet;
    private final Connection connection;
    private final LazyDesk desk;
    private final Limits limits;
    private final CountDownLatch over = new CountDownLatch(1);
    private boolean finished;

    private StdioServer(OutputStream out, Front front, Supplier<Desk> desk, Features features, Limits limits) {
        this.limits = limits;
        this.desk = new LazyDesk(desk);
        this.outlet = new Outlet(out, over);
        this.connection = new Connection(outlet, front, this.desk, features, limits);
    }

    /**
     * Returns the exit code when it is over. {@code out} must carry nothing else; {@code desk} is asked once, after the
     * first reply, and closed at the end where it can be.
     */
    public static int serve(
            InputStream in, OutputStream out, Front front, Supplier<Desk> desk, Features features, Limits limits) {
        return new StdioServer(out, front, desk, features, limits).run(in, features);
    }

    /** Loads what the first reply needs, before there is anything to reply with. */
    public static void load() {
        var front = new Front("", "", "", "", "");
        var outlet = new Outlet(OutputStream.nullOutputStream(), new CountDownLatch(1));
        Connection.load(outlet, front);
        byte[] line = Replies.initialize("", Replies.NEWEST, front, Features.NONE.offers());
        try {
            JsonReader.read(line, 0, line.length);
        } catch (JsonFault e) {
            throw new IllegalStateException(e);
        }
    }

    private int run(InputStream in, Features features) {
        var hook = new Thread(new Finishing(), "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        features.connected(connection.elsewhere());
        var reader = new Thread(new Reading(new Lines(in, limits.lineBytes())), "reader");
        reader.setDaemon(true);
        reader.start();
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        finish();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already; then the hook is what ends it.
        }
        return 0;
    }

    private final class Reading implements Runnable {
        private final Lines lines;

        Reading(Lines lines) {
            this.lines = lines;
        }

        @Override
        public void run() {
            try {
                connection.read(lines);
            } catch (IOException e) {
                // An input that cannot be read any more has ended.
                Complaints.about("the input", e);
            } finally {
                connection.forms().close();
                over.countDown();
            }
        }
    }

    private final class Finishing implements Runnable {
        @Override
        public void run() {
            finish();
        }
    }

    /** Lets calls end, then stops what is left and says so; all within three seconds, whatever a server does. */
    private void finish() {
        synchronized (this) {
            if (finished) {
                return;
            }
            finished = true;
            connection.stop();
            if (!connection
                    .workers()
                    .awaitIdle(System.nanoTime() + limits.grace().toNanos(), outlet::broken)) {
                outlet.hurry();
                connection.inFlight().stopAll();
                // Also where nobody reads the answers: what runs on a server has to be stopped before the process ends.
                connection.workers().awaitIdle(System.nanoTime() + CANCELLING_NANOS, () -> false);
                connection.inFlight().refuseAll();
            }
            desk.close(CLOSING_MILLIS);
            outlet.awaitWritten(System.nanoTime() + WRITING_NANOS);
        }
    }
}
