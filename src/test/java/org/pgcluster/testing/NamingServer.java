package org.pgcluster.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Answers every line with its own name. */
public record NamingServer(String name, ServerSocket socket) implements AutoCloseable {
    public static NamingServer called(String name) {
        try {
            var server = new NamingServer(name, new ServerSocket(0, 200, InetAddress.getLoopbackAddress()));
            daemon(server::accept);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int port() {
        return socket.getLocalPort();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "naming server");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket one = socket.accept();
                daemon(() -> serve(one));
            }
        } catch (IOException e) {
            return; // closed by the test
        }
    }

    private void serve(Socket one) {
        try (one;
                var in = new BufferedReader(new InputStreamReader(one.getInputStream(), StandardCharsets.UTF_8))) {
            while (in.readLine() != null) {
                one.getOutputStream().write((name + "\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            return; // the client or the proxy went away
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
