package org.pgcluster.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Answers every line with its own name. */
public record NamingServer(String name, Listener listener) implements AutoCloseable {
    public static NamingServer called(String name) {
        return new NamingServer(name, Listener.to(one -> serve(name, one)));
    }

    public int port() {
        return listener.port();
    }

    private static void serve(String name, Socket one) throws IOException {
        try (one;
                var in = new BufferedReader(new InputStreamReader(one.getInputStream(), StandardCharsets.UTF_8))) {
            while (in.readLine() != null) {
                one.getOutputStream().write((name + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    @Override
    public void close() {
        listener.close();
    }
}
