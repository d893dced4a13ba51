package org.pgcluster.mcp;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The one way to the client. Threads share it. Whoever finds nobody writing writes for all, so that a reply needs no
 * hop to another thread; the reader only leaves its replies here, because a client that does not read must not stop the
 * server from reading.
 */
final class Outlet {
    private static final long MOST_WAITING = 64L << 20;
    private static final int JOINED = 1 << 16;

    private final OutputStream out;
    private final CountDownLatch gone;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private boolean writing;
    private int awaited;
    private boolean writerStarted;
    private boolean broken;
    private boolean hurried;

    /** {@code gone} is counted down when nobody reads any more. */
    Outlet(OutputStream out, CountDownLatch gone) {
        this.out = out;
        this.gone = gone;
    }

    /** Sends one message and may write it (and others) on this thread. */
    void send(byte[] message) {
        synchronized (this) {
            awaitRoom();
            add(message);
            if (writing || broken) {
                return;
            }
            writing = true;
        }
        writeAll();
    }

    /** Leaves one message for another thread to write. */
    void leave(byte[] message) {
        synchronized (this) {
            awaitRoom();
            add(message);
            if (!writerStarted) {
                writerStarted = true;
                var writer = new Thread(new Writer(), "writer");
                writer.setDaemon(true);
                writer.start();
            }
            if (!writing) { // else whoever writes takes it along
                notifyAll();
            }
        }
    }

    private final class Writer implements Runnable {
        @Override
        public void run() {
            while (true) {
                synchronized (Outlet.this) {
                    while (writing || waiting.isEmpty()) {
                        if (!pause(0)) {
                            return;
                        }
                    }
                    writing = true;
                }
                writeAll();
            }
        }
    }

    private void add(byte[] message) {
        if (!broken && !(hurried && waitingBytes > MOST_WAITING)) {
            waiting.add(message);
            waitingBytes += message.length;
        }
    }

    private void awaitRoom() {
        while (waitingBytes > MOST_WAITING && !broken && !hurried) {
            if (!await(0)) {
                return;
            }
        }
    }

    private void writeAll() {
        byte[] next = take();
        while (next != null) {
            try {
                out.write(next);
                out.flush();
                if (out instanceof PrintStream stream && stream.checkError()) {
                    breakOff();
                }
            } catch (IOException e) {
                // The client is gone: the rest of the server is told, and nobody is left to tell more.
                breakOff();
            }
            next = take();
        }
    }

    /** What waits, joined into one write while it is small; null when all is written. */
    private synchronized byte @Nullable [] take() {
        byte[] first = waiting.poll();
        if (first == null) {
            writing = false;
            waitingBytes = 0;
            tellWhoAwaits();
            return null;
        }
        var joined =
                new JsonWriter(Math.min(JOINED, first.length + 256)).raw(first).raw(NEW_LINE);
        long bytes = first.length;
        while (!waiting.isEmpty() && bytes + waiting.peek().length < JOINED) {
            byte[] more = waiting.remove();
            bytes += more.length;
            joined.raw(more).raw(NEW_LINE);
        }
        waitingBytes -= bytes;
        tellWhoAwaits();
        return joined.toBytes();
    }

    /** Nearly always nobody: waking the writer for each message would cost as much as to write it. */
    private void tellWhoAwaits() {
        if (awaited > 0) {
            notifyAll();
        }
    }

    private static final byte[] NEW_LINE = {'\n'};

    private synchronized void breakOff() {
        broken = true;
        gone.countDown();
        waiting.clear();
        waitingBytes = 0;
        notifyAll();
    }

    synchronized boolean broken() {
        return broken;
    }

    /** The process ends: from now on nobody waits for room, and what finds none is dropped. */
    synchronized void hurry() {
        hurried = true;
        notifyAll();
    }

    /** Waits until all is written, or the client is gone, or the time is over. */
    synchronized void awaitWritten(long deadlineNanos) {
        while (!broken && (writing || !waiting.isEmpty())) {
            long millis = (deadlineNanos - System.nanoTime()) / 1_000_000;
            if (millis <= 0 || !await(millis)) {
                return;
            }
        }
    }

    private boolean await(long millis) {
        awaited++;
        try {
            return pause(millis);
        } finally {
            awaited--;
        }
    }

    @SuppressWarnings("WaitNotInLoop") // Each caller asks again in a loop.
    private boolean pause(long millis) {
        try {
            wait(millis);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
