package org.pgcluster.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Somebody who commits one small write after the other, connects anew when that breaks, and notes when each succeeded. */
public final class Writer implements AutoCloseable {
    private static final long PAUSE_NANOS = 10_000_000L;

    private final String url;
    private final String sql;
    private final Thread thread;
    private final List<String> failures = new ArrayList<>();
    private volatile boolean over;
    private long commits;
    private long lastNanos;
    private long longestNanos;

    private Writer(String url, String sql) {
        this.url = url;
        this.sql = sql;
        this.thread = new Thread(this::write, "writer");
        thread.setDaemon(true);
    }

    /** To whichever of the addresses (host:port, with commas) is a primary just now. */
    public static Writer to(String addresses, String user, String password, String sql) {
        var writer = new Writer(
                "jdbc:postgresql://" + addresses + "/app?user=" + user + "&password=" + password
                        + "&targetServerType=primary&hostRecheckSeconds=0&connectTimeout=1&socketTimeout=3"
                        + "&prepareThreshold=0",
                sql);
        writer.thread.start();
        return writer;
    }

    private void write() {
        while (!over) {
            try (Connection connection = DriverManager.getConnection(url);
                    Statement statement = connection.createStatement()) {
                while (!over) {
                    statement.execute(sql);
                    succeeded();
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } catch (SQLException e) {
                failed(String.valueOf(e.getMessage()));
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private synchronized void succeeded() {
        long now = System.nanoTime();
        longestNanos = commits == 0 ? 0 : Math.max(longestNanos, now - lastNanos);
        lastNanos = now;
        commits++;
    }

    private synchronized void failed(String why) {
        failures.add(why);
    }

    public synchronized long commits() {
        return commits;
    }

    public synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /** Between two commits, the time since the last one included. */
    public synchronized double longestGapSeconds() {
        return Math.max(longestNanos, commits == 0 ? 0 : System.nanoTime() - lastNanos) / 1e9;
    }

    @Override
    public void close() {
        over = true;
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
