package org.pgcluster.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A socket that takes every connection, keeps what it is sent first, and answers as it was told, however wrong. */
public final class FaultyServer implements AutoCloseable {
    private final Listener listener;
    private final byte @Nullable [] answer;
    private final long pauseMillis;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private FaultyServer(byte @Nullable [] answer, long pauseMillis) {
        this.answer = answer;
        this.pauseMillis = pauseMillis;
        this.listener = Listener.to(this::serve);
    }

    public static FaultyServer silent() {
        return new FaultyServer(null, 0);
    }

    public static FaultyServer answering(String bytes) {
        return new FaultyServer(bytes.getBytes(StandardCharsets.ISO_8859_1), 0);
    }

    /** A byte at a time, so that something always comes and the end never. */
    public static FaultyServer dripping(String bytes, long pauseMillis) {
        return new FaultyServer(bytes.getBytes(StandardCharsets.ISO_8859_1), pauseMillis);
    }

    public static FaultyServer http(int status, String type, String body) {
        return answering("HTTP/1.1 " + status + " X\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length()
                + "\r\nConnection: close\r\n\r\n" + body);
    }

    public int port() {
        return listener.port();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    public List<String> asked() {
        return asked;
    }

    private void drip(byte[] bytes, OutputStream out) throws IOException {
        for (byte letter : bytes) {
            out.write(letter);
            out.flush();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauseMillis));
        }
    }

    /** Closing with something unread would reset the connection, and the client might lose what it was sent. */
    private static void end(Socket one, InputStream in) throws IOException {
        one.shutdownOutput();
        one.setSoTimeout(2000);
        byte[] rest = new byte[4096];
        while (in.read(rest) >= 0) {
            // only that it is read
        }
        one.close();
    }

    private void serve(Socket one) throws IOException {
        InputStream in = one.getInputStream();
        byte[] first = new byte[4096];
        int count = in.read(first);
        asked.add(new String(first, 0, Math.max(0, count), StandardCharsets.ISO_8859_1));
        byte[] bytes = answer;
        if (bytes != null) {
            OutputStream out = one.getOutputStream();
            if (pauseMillis == 0) {
                out.write(bytes);
            } else {
                drip(bytes, out);
            }
            end(one, in);
        }
    }

    @Override
    public void close() {
        listener.close();
    }
}
