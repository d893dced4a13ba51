package org.pgcluster.postgres.safety;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.pgcluster.testing.Postgres;

/** A database with something to lose and with code that does harm, a bystander, and a look at what was lost. */
final class Estate implements AutoCloseable {
    private static final Path FILE = Path.of("/tmp/pgcluster-harm");
    private static final String STATE = """
            SELECT concat_ws(' | ',
                   'rows', (SELECT md5(string_agg(v::text, ',' ORDER BY id)) FROM victim v),
                   'sequence', (SELECT last_value::text || is_called FROM counted),
                   'slots', (SELECT count(*) FROM pg_replication_slots),
                   'origins', (SELECT count(*) FROM pg_replication_origin),
                   'prepared', (SELECT count(*) FROM pg_prepared_xacts),
                   'locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 666),
                   'objects', (SELECT count(*) FROM pg_largeobject_metadata),
                   'tables', (SELECT count(*) FROM pg_class WHERE relname = 'harm'),
                   'reset', (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
                   'reloaded', pg_conf_load_time(),
                   'walfile', pg_walfile_name(pg_current_wal_lsn()),
                   'xid', pg_snapshot_xmax(pg_current_snapshot()),
                   'bystander', (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bystander'))
            """;

    private final Postgres server;
    private final Connection watcher;
    private final Connection bystander;

    private Estate(Postgres server, Connection watcher, Connection bystander) {
        this.server = server;
        this.watcher = watcher;
        this.bystander = bystander;
    }

    static Estate on(Postgres server, boolean citus) throws SQLException, IOException {
        try (Connection connection = server.connect("postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER SYSTEM SET autovacuum = off");
            statement.execute("SELECT pg_reload_conf()");
            statement.execute("DROP DATABASE IF EXISTS safety WITH (FORCE)");
            // Grants on settings belong to the server, so they outlive the database.
            statement.execute(
                    "DO $$BEGIN IF to_regrole('owner') IS NOT NULL THEN DROP OWNED BY owner, reader; DROP OWNED BY plain; END IF; END$$");
            statement.execute("DROP ROLE IF EXISTS owner, reader, plain");
            statement.execute("CREATE DATABASE safety");
            // The gate reads texts by the standard's rules, whatever the database was set to.
            statement.execute("ALTER DATABASE safety SET standard_conforming_strings = off");
            statement.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
            statement.execute("SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin");
        }
        Connection watcher = server.connect("safety", "postgres");
        try (Statement statement = watcher.createStatement()) {
            statement.execute("SET standard_conforming_strings = on");
            if (citus) {
                statement.execute("CREATE EXTENSION citus");
                statement.execute("CREATE EXTENSION pg_stat_statements");
            }
            statement.execute(resource("estate.sql"));
            if (citus) {
                statement.execute("SELECT citus_set_coordinator_host('127.0.0.1', " + server.port() + ")");
                statement.execute(
                        "SELECT citus_set_node_property('127.0.0.1', " + server.port() + ", 'shouldhaveshards', true)");
                statement.execute("CREATE TABLE dist AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 9) i");
                statement.execute("SET citus.shard_count = 4; SELECT create_distributed_table('dist', 'id')");
            }
            if (watcher.getMetaData().getDatabaseMajorVersion() >= 15) {
                statement.execute("GRANT SET ON PARAMETER log_min_messages TO owner, reader");
            }
        }
        settle(watcher);
        Connection bystander = server.connect("safety", "postgres");
        try (Statement statement = bystander.createStatement()) {
            statement.execute("SET application_name = 'bystander'");
        }
        return new Estate(server, watcher, bystander);
    }

    /** The first statistics of a database count as reset when they arrive, which PostgreSQL 14 does at its leisure. */
    private static void settle(Connection watcher) throws SQLException {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        try (Statement statement = watcher.createStatement()) {
            statement.execute("SELECT pg_stat_reset()");
            while (System.nanoTime() < deadline) {
                try (ResultSet row = statement.executeQuery(
                        "SELECT stats_reset IS NOT NULL FROM pg_stat_database WHERE datname = current_database()")) {
                    if (row.next() && row.getBoolean(1)) {
                        return;
                    }
                }
                statement.execute("SELECT pg_sleep(0.05)");
            }
        }
        throw new IllegalStateException("The statistics of the database never came.");
    }

    Connection unguarded() throws SQLException {
        return server.connect("safety", "postgres");
    }

    void plantNames() throws SQLException, IOException {
        try (Statement statement = watcher.createStatement()) {
            statement.execute(resource("estate-names.sql"));
        }
    }

    Reader reader(String user) {
        return new Reader(server.port(), user, List.of());
    }

    String state() throws SQLException, IOException {
        boolean written = Files.deleteIfExists(FILE);
        try (Statement statement = watcher.createStatement();
                ResultSet row = statement.executeQuery(STATE)) {
            row.next();
            return row.getString(1) + (written ? " | file written" : "");
        }
    }

    static List<String> lines(String name) throws IOException {
        return resource(name)
                .lines()
                .map(line -> line.replace("\\n", "\n").replace("\\f", "\f"))
                .toList();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Estate.class.getResourceAsStream("/safety/" + name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws SQLException {
        bystander.close();
        watcher.close();
    }
}
