package org.pgcluster.guard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code docs/roles.sql} on a real PostgreSQL 15: its logins can do what the tools need, and no more. */
class RolesIT {
    private static final Path BIN = Path.of("/usr/lib/postgresql/15/bin");
    private static Path data = Path.of("");
    private static int port;

    private record Ran(int code, String text) {}

    @BeforeAll
    static void a_server_with_the_roles() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(BIN.resolve("initdb")), "needs Debian's postgresql-15");
        data = Files.createTempDirectory(
                "pgcluster-roles-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwxrwx")));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        var base = data.resolve("base").toString();
        require(run(BIN + "/initdb", "-D", base, "-U", "postgres", "-A", "trust", "--no-sync"));
        require(run(
                BIN + "/pg_ctl",
                "-D",
                base,
                "-w",
                "-l",
                data.resolve("log").toString(),
                "-o",
                "-p " + port + " -k " + data + " -c listen_addresses='' -c fsync=off",
                "start"));
        require(sql("postgres", "CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app"));
        require(in("app", "app", "CREATE SCHEMA shop", "CREATE TABLE shop.orders (id int, at date)"));
        require(in("postgres", "app", "CREATE TABLE public.foreign_table (id int)"));
        require(roles());
    }

    @AfterAll
    static void the_server_goes() throws Exception {
        if (Files.exists(data.resolve("base"))) {
            run(BIN + "/pg_ctl", "-D", data.resolve("base").toString(), "-m", "immediate", "stop");
            run("rm", "-rf", data.toString() + "/base");
        }
    }

    @Test
    void a_second_run_changes_nothing() throws Exception {
        var before = state();
        require(roles());
        assertEquals(before, state());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mcp_user    | SELECT count(*) FROM shop.orders",
                "mcp_user    | SELECT count(*) FROM pg_stat_activity WHERE query <> '<insufficient privilege>'",
                "mcp_user    | SELECT pg_total_relation_size('shop.orders')",
                "mcp_user    | SELECT count(*) FROM pg_ls_waldir()",
                "mcp_user    | SET log_min_messages = panic",
                "dpg_cluster | CREATE INDEX CONCURRENTLY ON shop.orders (at)",
                "dpg_cluster | INSERT INTO shop.orders VALUES (1)",
                "dpg_cluster | SELECT pg_try_advisory_lock(1)",
                "app         | CREATE TEMP TABLE t ()",
            })
    void what_the_tools_need_works(String role, String statement) throws Exception {
        require(in(role, "app", statement));
    }

    @Test
    void the_actor_stops_the_statement_of_a_user_and_the_reader_does_not() throws Exception {
        var stop =
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE usename = 'app' AND query ~ 'sleep'";
        var sleeping = new ProcessBuilder(asPostgres(psql("app", "app"), "-c", "SELECT pg_sleep(60)"))
                .directory(Path.of("/tmp").toFile())
                .redirectErrorStream(true)
                .start();
        var seen = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND query ~ 'sleep'";
        for (int tries = 0;
                tries < 100 && !in("mcp_user", "app", seen).text.strip().equals("1");
                tries++) {
            Thread.onSpinWait();
        }
        assertTrue(in("mcp_user", "app", stop).text.contains("must be"));
        assertEquals("1", in("dpg_cluster", "app", stop).text.strip());
        assertTrue(new String(sleeping.getInputStream().readAllBytes(), UTF_8).contains("user request"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mcp_user    | INSERT INTO shop.orders VALUES (1)                       | permission denied",
                "mcp_user    | CREATE TABLE public.mine ()                              | permission denied",
                "mcp_user    | CREATE TABLE shop.mine ()                                | permission denied",
                "mcp_user    | CREATE TEMP TABLE t ()                                   | permission denied",
                "mcp_user    | CREATE SCHEMA mine                                       | permission denied",
                "mcp_user    | COPY (SELECT 1) TO PROGRAM 'true'                        | must be superuser",
                "mcp_user    | SELECT pg_read_file('/etc/passwd')                       | permission denied",
                "mcp_user    | SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'logical replication launcher' | must be",
                "mcp_user    | SET temp_file_limit = -1                                 | permission denied",
                "mcp_user    | SET session_replication_role = replica                   | permission denied",
                "mcp_user    | SET ROLE app                                             | permission denied",
                "mcp_user    | SELECT pg_reload_conf()                                  | permission denied",
                "dpg_cluster | CREATE INDEX ON public.foreign_table (id)                | must be owner",
                "dpg_cluster | SELECT * FROM public.foreign_table                       | permission denied",
                "dpg_cluster | CREATE ROLE mine                                         | permission denied",
                "dpg_cluster | CREATE DATABASE mine                                     | permission denied",
                "dpg_cluster | ALTER SYSTEM SET work_mem = 1                            | permission denied",
                "dpg_cluster | SET ROLE postgres                                        | permission denied",
                "dpg_cluster | COPY (SELECT 1) TO PROGRAM 'true'                        | must be superuser",
            })
    void what_they_do_not_need_is_refused_by_the_roles_alone(String role, String statement, String told)
            throws Exception {
        // Not by default_transaction_read_only, which any session may switch off.
        var ran = in(role, "app", "SET default_transaction_read_only = off", statement);
        assertTrue(ran.code != 0 && ran.text.contains(told), ran.text);
    }

    @Test
    void a_reading_session_begins_read_only_and_bounded() throws Exception {
        for (var setting : List.of(
                "default_transaction_read_only=on",
                "statement_timeout=30s",
                "lock_timeout=2s",
                "temp_file_limit=1GB",
                "client_connection_check_interval=2s")) {
            var name = setting.substring(0, setting.indexOf('='));
            var value = setting.substring(setting.indexOf('=') + 1);
            assertEquals(value, in("mcp_user", "app", "SHOW " + name).text.strip());
        }
    }

    @Test
    void an_owner_who_is_a_superuser_is_not_handed_on() throws Exception {
        var ran = script("-v", "owner=postgres");
        assertTrue(ran.code != 0 && ran.text.contains("superuser"), ran.text);
    }

    private static Ran roles() throws Exception {
        return script("-v", "owner=app");
    }

    private static Ran script(String... variables) throws Exception {
        var copy = Files.copy(
                Path.of("docs/roles.sql"),
                data.resolve("roles.sql"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        var command = new ArrayList<>(psql("postgres", "app"));
        command.addAll(List.of(variables));
        command.addAll(List.of("-f", copy.toString()));
        return run(command.toArray(String[]::new));
    }

    private static String state() throws Exception {
        return in(
                        "postgres",
                        "app",
                        "SELECT rolname, rolconfig, rolcanlogin, rolsuper FROM pg_roles ORDER BY 1",
                        "SELECT roleid::regrole, member::regrole FROM pg_auth_members ORDER BY 1, 2",
                        "SELECT datacl FROM pg_database WHERE datname = 'app'",
                        "SELECT parname, paracl FROM pg_parameter_acl ORDER BY 1")
                .text;
    }

    private static Ran sql(String user, String... statements) throws Exception {
        return in(user, "postgres", statements);
    }

    private static Ran in(String user, String database, String... statements) throws Exception {
        var command = new ArrayList<>(psql(user, database));
        for (var statement : statements) {
            command.addAll(List.of("-c", statement));
        }
        return run(command.toArray(String[]::new));
    }

    private static List<String> psql(String user, String database) {
        return List.of(
                BIN + "/psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                data.toString(),
                "-p",
                String.valueOf(port),
                "-U",
                user,
                "-d",
                database);
    }

    private static void require(Ran ran) {
        assertEquals(0, ran.code, ran.text);
    }

    /** PostgreSQL refuses to run as root. */
    private static List<String> asPostgres(List<String> command, String... more) {
        var whole = new ArrayList<String>();
        if ("root".equals(System.getProperty("user.name"))) {
            whole.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        whole.addAll(command);
        whole.addAll(List.of(more));
        return whole;
    }

    private static Ran run(String... command) throws IOException, InterruptedException {
        var output = Files.createTempFile("roles", ".out");
        var process = new ProcessBuilder(asPostgres(List.of(command)))
                .directory(Path.of("/tmp").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int code = process.waitFor();
        var text = Files.readString(output, UTF_8);
        Files.delete(output);
        return new Ran(code, text);
    }
}
