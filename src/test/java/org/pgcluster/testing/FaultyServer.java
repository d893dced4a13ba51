package org.pgcluster.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A socket that takes every connection, keeps what it is sent first, and answers as it was told, however wrong. */
public final class FaultyServer implements AutoCloseable {
    private final ServerSocket socket;
    private final byte @Nullable [] answer;
    private final long pauseMillis;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    private FaultyServer(byte @Nullable [] answer, long pauseMillis) {
        try {
            this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.answer = answer;
        this.pauseMillis = pauseMillis;
        Thread thread = new Thread(this::accept, "faulty server");
        thread.setDaemon(true);
        thread.start();
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
        return socket.getLocalPort();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    public List<String> asked() {
        return asked;
    }

    private void accept() {
        try {
            while (true) {
                Socket one = socket.accept();
                open.add(one);
                Thread thread = new Thread(() -> serve(one), "faulty answer");
                thread.setDaemon(true);
                thread.start();
            }
        } catch (IOException e) {
            return; // closed by the test
        }
    }

    private void drip(byte[] bytes, OutputStream out) throws IOException, InterruptedException {
        for (byte letter : bytes) {
            out.write(letter);
            out.flush();
            Thread.sleep(pauseMillis);
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

    private void serve(Socket one) {
        try {
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
        } catch (IOException e) {
            return; // the client had enough
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
            for (Socket one : open) {
                one.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
