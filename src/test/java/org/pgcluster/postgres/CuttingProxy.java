package org.pgcluster.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A network between a client and a server that can break, fall silent and count how often the client spoke. */
public final class CuttingProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final int serverPort;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Socket> silenced = new CopyOnWriteArrayList<>();
    private final AtomicLong messages = new AtomicLong();
    private volatile boolean stranded;

    private CuttingProxy(ServerSocket listener, int serverPort) {
        this.listener = listener;
        this.serverPort = serverPort;
    }

    public static CuttingProxy to(int serverPort) throws IOException {
        var proxy = new CuttingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), serverPort);
        daemon(proxy::accept);
        return proxy;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** How often the client sent something and waited: packets that follow each other count once. */
    public long messages() {
        return messages.get();
    }

    public void cut() throws IOException {
        for (var socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    /** What is connected now stays connected and never hears anything again; new connections work. */
    public void silence() {
        silenced.addAll(sockets);
    }

    /** What is connected stays so on the server's side, whatever the client does; who connects anew reaches nobody. */
    public void strand() {
        stranded = true;
    }

    private void accept() {
        try {
            while (true) {
                var client = listener.accept();
                if (stranded) {
                    sockets.add(client);
                    continue;
                }
                var server = reached(client);
                if (server == null) {
                    continue;
                }
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                sockets.addAll(List.of(client, server));
                var answered = new AtomicBoolean(true);
                daemon(() -> copy(client, server, () -> {
                    if (answered.getAndSet(false)) {
                        messages.incrementAndGet();
                    }
                }));
                daemon(() -> copy(server, client, () -> answered.set(true)));
            }
        } catch (IOException e) {
            // The listener was closed: the test is over.
            return;
        }
    }

    /** As HAProxy does it: who is not there is no reason to stop listening. */
    private @Nullable Socket reached(Socket client) throws IOException {
        try {
            return new Socket(InetAddress.getLoopbackAddress(), serverPort);
        } catch (IOException e) {
            client.close();
            return null;
        }
    }

    private void copy(Socket from, Socket to, Runnable noted) {
        var buffer = new byte[65536];
        try {
            for (int n = from.getInputStream().read(buffer);
                    n >= 0;
                    n = from.getInputStream().read(buffer)) {
                noted.run();
                if (!silenced.contains(from)) {
                    to.getOutputStream().write(buffer, 0, n);
                }
            }
            if (!stranded) {
                to.close();
            }
            from.close();
        } catch (IOException e) {
            // Cut, which is what this proxy is for.
            closed(from, to);
        }
    }

    private void closed(Socket from, Socket to) {
        try {
            from.close();
            if (!stranded) {
                to.close();
            }
        } catch (IOException e) {
            return; // both are gone then
        }
    }

    private static void daemon(Runnable task) {
        var thread = new Thread(task, "cutting-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
