package org.pgcluster.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/** Clients of naming servers behind a port: some connect anew each time, some stay on one connection. */
public final class Load implements AutoCloseable {
    private final int port;
    private final Map<String, LongAdder> fresh = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> kept = new ConcurrentHashMap<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;

    private Load(int port) {
        this.port = port;
    }

    public static Load on(int port, int fresh, int kept) {
        var load = new Load(port);
        for (int i = 0; i < fresh; i++) {
            load.start(() -> load.talk(1, load.fresh));
        }
        for (int i = 0; i < kept; i++) {
            load.start(() -> load.talk(Integer.MAX_VALUE, load.kept));
        }
        return load;
    }

    private void start(Runnable work) {
        Thread thread = new Thread(work, "load");
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void talk(int lines, Map<String, LongAdder> count) {
        while (!over) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                    var in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
                socket.setSoTimeout(30_000);
                for (int i = 0; i < lines && !over; i++) {
                    socket.getOutputStream().write("who\n".getBytes(StandardCharsets.UTF_8));
                    String name = in.readLine();
                    if (name == null) {
                        throw new IOException("closed in the middle");
                    }
                    count.computeIfAbsent(name, x -> new LongAdder()).increment();
                    Thread.sleep(5);
                }
            } catch (IOException e) {
                errors.add(e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Answers on connections made for them. */
    public long fresh(String server) {
        return fresh.getOrDefault(server, new LongAdder()).sum();
    }

    /** Answers on connections that stay. */
    public long kept(String server) {
        return kept.getOrDefault(server, new LongAdder()).sum();
    }

    public List<String> errors() {
        return errors;
    }

    @Override
    public void close() {
        over = true;
        try {
            for (Thread thread : threads) {
                thread.join(10_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
