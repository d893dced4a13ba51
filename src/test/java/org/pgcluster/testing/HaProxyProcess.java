package org.pgcluster.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A HAProxy of its own before some servers, with a runtime socket and a statistics page. */
public final class HaProxyProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    private final Process process;
    private final Path folder;
    private final int front;
    private final int page;
    private final int socket;

    private HaProxyProcess(Process process, Path folder, int front, int page, int socket) {
        this.process = process;
        this.folder = folder;
        this.front = front;
        this.page = page;
        this.socket = socket;
    }

    /** {@code onPage} are lines for the statistics page, such as {@code stats admin if TRUE}. */
    public static HaProxyProcess before(Path folder, List<NamingServer> servers, String level, String... onPage)
            throws IOException {
        Path program = Programs.named("haproxy");
        int front = freePort();
        int page = freePort();
        int socket = freePort();
        StringBuilder lines = new StringBuilder();
        for (NamingServer server : servers) {
            lines.append("  server ")
                    .append(server.name())
                    .append(" 127.0.0.1:")
                    .append(server.port());
            lines.append(" check inter 100ms\n");
        }
        Path settings = Files.writeString(folder.resolve("haproxy.cfg"), """
                global
                  stats socket %s/admin.sock mode 600 level %s
                  stats socket ipv4@127.0.0.1:%d level %s
                defaults
                  mode tcp
                  timeout connect 4s
                  timeout client 1m
                  timeout server 1m
                listen stats
                  mode http
                  bind 127.0.0.1:%d
                  stats enable
                  stats uri /stats
                  %s
                frontend in
                  bind 127.0.0.1:%d
                  default_backend app
                backend app
                  balance roundrobin
                %s""".formatted(
                        folder, level, socket, level, page, String.join("\n  ", onPage), front, lines));
        Process process = new ProcessBuilder(program.toString(), "-db", "-f", settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("haproxy.log").toFile())
                .start();
        var started = new HaProxyProcess(process, folder, front, page, socket);
        started.awaitPort();
        return started;
    }

    public static int freePort() throws IOException {
        try (var free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    private void awaitPort() throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try (var probe = new Socket(InetAddress.getLoopbackAddress(), page)) {
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > until) {
                    close();
                    throw new IOException(Files.readString(folder.resolve("haproxy.log")), e);
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    public int front() {
        return front;
    }

    public String pageUrl() {
        return "http://127.0.0.1:" + page + "/stats";
    }

    public String socketUrl() {
        return "unix:" + folder.resolve("admin.sock");
    }

    public String socketByTcp() {
        return "tcp:127.0.0.1:" + socket;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
