package org.pgcluster.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.Aside;

/** Each number that the checks judge, beside the same number got in another way. */
@Tag("postgres")
@Timeout(150)
class GatheringTest {
    private static PgServer primary;
    private static PgServer standby;

    @TempDir
    Path folder = Path.of("");

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        primary = PgServer.start("wal_level = logical", "max_connections = 40", "max_prepared_transactions = 2");
        primary.psql("CREATE ROLE blind LOGIN");
        primary.psql("CREATE TABLE t (n int)");
        standby = PgServer.following(primary);
    }

    @AfterAll
    static void stop() throws IOException {
        standby.close();
        primary.close();
    }

    private Snapshot snapshot(int port, String login) {
        var arguments = List.of("postgres://" + login + "@127.0.0.1:" + port + "/postgres");
        var settings = Settings.load(new Inputs(arguments, Map.of(), folder, folder, "Linux", "tester"));
        try (var clusters = new Clusters(settings)) {
            return Gathering.of(
                    clusters.choose(Optional.empty(), false),
                    Call.within(Duration.ofSeconds(20)),
                    Duration.ofSeconds(10),
                    Clock.systemUTC());
        }
    }

    private PostgresState read(PgServer server, String login) {
        var snapshot = snapshot(server.port(), login);
        assertEquals(List.of(), snapshot.unavailable());
        return snapshot.postgres().get(0);
    }

    private Unread.Kind refusal(int port, String login) {
        return snapshot(port, login).unavailable().get(0).kind();
    }

    /** The names of the roles are in what the server says, which must not mislead. */
    @Test
    void a_refused_login_a_full_server_a_dead_and_a_hanging_one_are_told_apart_by_what_the_server_means()
            throws IOException, InterruptedException {
        primary.psql("CREATE ROLE \"too many clients\" NOLOGIN; CREATE ROLE password LOGIN CONNECTION LIMIT 0");
        assertEquals(Unread.Kind.LOGIN_REFUSED, refusal(primary.port(), "too%20many%20clients"));
        assertEquals(Unread.Kind.FULL, refusal(primary.port(), "password"));
        assertEquals(Unread.Kind.GONE, refusal(1, "password"));
        try (var mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            assertEquals(Unread.Kind.HANGING, refusal(mute.getLocalPort(), "password"));
        }
    }

    private static Connection connect(String more) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + primary.port() + "/postgres?user=postgres&" + more);
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        return Long.parseLong(one(connection, sql));
    }

    /** What other tests closed goes by itself, and a little later. */
    private long settled(String login) throws InterruptedException {
        long last = -1;
        long used = read(primary, login).connections().used();
        while (used != last) {
            Thread.sleep(500);
            last = used;
            used = read(primary, login).connections().used();
        }
        return used;
    }

    /** How many more are seen must be how many more there are; again where another test's connection went meanwhile. */
    private void assertSeesEachConnection(String login) throws Exception {
        long givenUp = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        long more = seen(login, 15);
        while (more != 15 && System.nanoTime() < givenUp) {
            more = seen(login, 15);
        }
        assertEquals(15, more);
    }

    private long seen(String login, int opened) throws Exception {
        long before = settled(login);
        var held = new ArrayList<Connection>();
        try {
            for (int i = 0; i < opened; i++) {
                held.add(connect(""));
            }
            var after = read(primary, login).connections();
            assertEquals(40, after.max());
            assertEquals(3, after.reserved());
            return after.used() - before;
        } finally {
            for (var one : held) {
                one.close();
            }
        }
    }

    @Test
    void connections_are_counted_whoever_looks() throws Exception {
        assertSeesEachConnection("postgres");
        assertSeesEachConnection("blind");
    }

    @Test
    void ages_are_those_that_the_counters_give() throws SQLException {
        try (var connection = connect("")) {
            for (var age : read(primary, "postgres").freezeAges()) {
                long next =
                        number(connection, "SELECT split_part(next_xid, ':', 2)::bigint FROM pg_control_checkpoint()");
                long oldest = number(
                        connection,
                        "SELECT datfrozenxid::text::bigint FROM pg_database WHERE datname = '" + age.database() + "'");
                assertTrue(Math.abs(next - oldest - age.transactionAge()) < 1000, age + " " + next + " " + oldest);
                long multi = number(connection, "SELECT next_multixact_id::text::bigint FROM pg_control_checkpoint()");
                long oldestMulti = number(
                        connection,
                        "SELECT datminmxid::text::bigint FROM pg_database WHERE datname = '" + age.database() + "'");
                assertTrue(Math.abs(multi - oldestMulti - age.multixactAge()) < 100, age.toString());
                assertEquals(200_000_000, age.freezeMax());
                assertEquals(400_000_000, age.multiMax());
            }
        }
    }

    @Test
    void a_slot_holds_as_much_as_was_written_since() throws SQLException {
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            var from = one(connection, "SELECT lsn FROM pg_create_physical_replication_slot('kept', true)");
            statement.execute("INSERT INTO t SELECT generate_series(1, 20000)");
            var slot = read(primary, "postgres").slots().get(0);
            long bytes = number(connection, "SELECT pg_current_wal_lsn() - '" + from + "'::pg_lsn");
            statement.execute("SELECT pg_drop_replication_slot('kept')");
            assertEquals("kept", slot.name());
            assertFalse(slot.active());
            long retained = Objects.requireNonNull(slot.retainedBytes());
            assertTrue(retained > 1_000_000 && Math.abs(retained - bytes) < 200_000, retained + " of " + bytes);
        }
    }

    @Test
    void who_waits_for_whom_is_what_the_sessions_know_of_themselves() throws Exception {
        try (var holder = connect("");
                var waiter = connect("");
                var statement = waiter.createStatement()) {
            holder.setAutoCommit(false);
            long holding = number(holder, "SELECT pg_backend_pid()");
            long waiting = number(waiter, "SELECT pg_backend_pid()");
            try (var lock = holder.createStatement()) {
                lock.execute("LOCK TABLE t");
            }
            var blocked = Aside.supply(() -> {
                try {
                    return statement.executeUpdate("INSERT INTO t VALUES (0)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            List<PostgresState.Wait> waits = List.of();
            for (int i = 0; i < 100 && waits.isEmpty(); i++) {
                Thread.sleep(50);
                waits = read(primary, "postgres").waits();
            }
            Thread.sleep(2000);
            waits = read(primary, "postgres").waits();
            assertEquals(List.of(), read(primary, "blind").waits());
            holder.rollback();
            assertEquals(1, blocked.get());
            assertEquals(1, waits.size());
            assertEquals(waiting, waits.get(0).waitingPid());
            assertEquals(holding, waits.get(0).blockingPid());
            assertEquals("idle in transaction", waits.get(0).blockerState());
            assertTrue(waits.get(0).waitingSeconds() >= 2, waits.toString());
        }
    }

    @Test
    void a_standby_is_read_and_its_slots_hold_nothing_that_can_be_measured() throws SQLException, InterruptedException {
        try (var connection = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + standby.port() + "/postgres?user=postgres");
                var statement = connection.createStatement()) {
            statement.execute("SELECT pg_create_physical_replication_slot('down', true)");
            var state = read(standby, "postgres");
            statement.execute("SELECT pg_drop_replication_slot('down')");
            assertTrue(state.standby());
            assertEquals("down", state.slots().get(0).name());
            assertNull(state.slots().get(0).retainedBytes());
            assertEquals(
                    read(primary, "postgres").freezeAges().size(),
                    state.freezeAges().size());
        }
        assertFalse(read(primary, "postgres").standby());
    }

    @Test
    void a_role_that_may_not_look_says_so() {
        assertTrue(read(primary, "postgres").seesAllSessions());
        assertFalse(read(primary, "blind").seesAllSessions());
    }

    /** Citus' own sessions on a worker belong to one that is told already. */
    @Test
    @Tag("slow")
    void an_old_transaction_is_told_with_its_age_and_those_of_citus_are_not() throws Exception {
        try (var old = connect("ApplicationName=batch");
                var internal = connect("ApplicationName=citus_internal%20gpid%3D10000000012");
                var watching = connect("")) {
            for (var one : List.of(old, internal)) {
                one.setAutoCommit(false);
                one(one, "SELECT txid_current()");
            }
            long pid = number(old, "SELECT pg_backend_pid()");
            assertEquals(List.of(), read(primary, "postgres").oldTransactions());
            Thread.sleep(61_000);
            var told = read(primary, "postgres").oldTransactions();
            long by = number(
                    watching,
                    "SELECT extract(epoch FROM now() - xact_start)::bigint FROM pg_stat_activity" + " WHERE pid = "
                            + pid);
            assertEquals(1, told.size(), told.toString());
            assertEquals(pid, told.get(0).pid());
            assertEquals("batch", told.get(0).application());
            assertTrue(told.get(0).holdsHorizon());
            assertTrue(Math.abs(by - told.get(0).transactionSeconds()) <= 2, by + " " + told);
            assertTrue(Math.abs(by - told.get(0).idleSeconds()) <= 2, by + " " + told);
        }
    }
}
