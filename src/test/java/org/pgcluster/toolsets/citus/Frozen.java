package org.pgcluster.toolsets.citus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** A PostgreSQL that stands still with all of its sessions: it takes connections and says nothing. */
final class Frozen implements AutoCloseable {
    private final String postmaster;

    private Frozen(String postmaster) {
        this.postmaster = postmaster;
    }

    static Frozen server(String dsn) throws IOException, InterruptedException, SQLException {
        try (Connection connection = CitusLab.connectTo(dsn)) {
            String pid = CitusLab.psql(connection, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
                    .get(0);
            var frozen = new Frozen(pid);
            frozen.signal("-STOP");
            return frozen;
        }
    }

    /** Those that are there now: the postmaster stops first and continues last, so that none is missed. */
    private void signal(String signal) throws IOException, InterruptedException {
        if (signal.equals("-STOP")) {
            kill(signal, List.of(postmaster));
        }
        kill(signal, children());
        kill(signal, List.of(postmaster));
    }

    private List<String> children() throws IOException {
        Process pgrep = new ProcessBuilder("pgrep", "-P", postmaster).start();
        return new String(pgrep.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** A session that ended meanwhile is no failure, so nothing is concluded from kill's code. */
    private static void kill(String signal, List<String> pids) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", signal));
        command.addAll(pids);
        new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        signal("-CONT");
    }
}
