package org.pgcluster.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes connections on loopback until it is closed, each served by a thread of its own; then closes what is still open. */
final class Listener implements AutoCloseable {
    private final ServerSocket socket;
    private final Service service;
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    /** An end by the client, or by closing this, is how a service usually ends. */
    interface Service {
        void serve(Socket one) throws IOException;
    }

    private Listener(ServerSocket socket, Service service) {
        this.socket = socket;
        this.service = service;
    }

    static Listener to(Service service) {
        try {
            var listener = new Listener(new ServerSocket(0, 200, InetAddress.getLoopbackAddress()), service);
            daemon(listener::accept);
            return listener;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "listener of a test");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket one = socket.accept();
                open.add(one);
                daemon(() -> serve(one));
            }
        } catch (IOException e) {
            return; // closed by the test
        }
    }

    private void serve(Socket one) {
        try {
            service.serve(one);
        } catch (IOException e) {
            return; // the client had enough
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
