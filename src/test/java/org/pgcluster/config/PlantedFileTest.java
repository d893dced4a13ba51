package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A file in the working directory may come from a stranger's repository. */
class PlantedFileTest {
    private static final String STRANGER = "coordinator_dsn: postgres://u:p@evil.example.com/d\n";

    @TempDir
    Path folder;

    private Setting setting() {
        return new Setting(folder);
    }

    private static void assertRefused(Settings settings) {
        assertFalse(settings.problems().isEmpty(), "nothing was refused");
        for (var problem : settings.problems()) {
            assertTrue(problem.text().contains("--config"), problem.toString());
        }
        assertFalse(settings.clusters().toString().contains("mine"));
        for (var secret : settings.secrets()) {
            assertFalse(secret.reveal().contains("mine"), "a password from elsewhere went along");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pgcluster-mcp.yaml", "citus-mcp.yaml"})
    void a_file_of_the_user_counts(String name) {
        var settings = setting().inWork(name, STRANGER).load();
        assertEquals(List.of(), settings.problems());
        assertTrue(Setting.cluster(settings, "default").coordinator().isPresent());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-rw-r--", "rw-r--rw-"})
    void a_file_that_others_may_write_is_passed_over(String permissions) {
        var settings =
                setting().inWorkWith(permissions, "citus-mcp.yaml", STRANGER).load();
        assertTrue(Setting.cluster(settings, "default").coordinator().isEmpty());
        assertTrue(settings.warnings().get(0).text().contains("is passed over"));
    }

    @Test
    void a_file_of_somebody_else_is_passed_over() {
        var settings =
                setting().inWork("citus-mcp.yaml", STRANGER).user("somebody").load();
        assertTrue(Setting.cluster(settings, "default").coordinator().isEmpty());
        assertTrue(settings.warnings().get(0).text().contains("belong to somebody"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mode: read_only",
                "allow_execute: false",
                "acts: [cancel_query]",
                "approval: console",
                "approval_secret: 0123456789abcdef0123",
                "approval_ttl_seconds: 3000",
                "admin_dsn: postgres://u:p@localhost/d",
                "admin_user: x",
                "admin_password: x",
                "audit_file: /tmp/x",
                "state_dir: /tmp/x",
                "discovery_hosts: [evil.example.com]",
                "allow_plaintext: true",
                "allowed_functions: [public.f()]",
                "kubeconfig: /tmp/x",
                "coordinator_password_file: /etc/hostname",
                "coordinator_dsn_file: /etc/hostname",
                "admin_password_file: /etc/hostname",
                "patroni_ca_file: /tmp/x",
                "patroni_cert_file: /tmp/x",
                "haproxy_key_file: /tmp/x",
                "coordinator_user: ${MINE}",
                "worker_dsns: ['postgres://u:${MINE}@localhost/d']",
                "haproxy_urls: unix:/run/haproxy.sock",
                "coordinator_dsn: service=mine",
                "coordinator_dsn: host=evil.example.com passfile=/home/me/.pgpass",
                "coordinator_dsn: host=/run/postgresql",
                "clusters: {a: {mode: admin}}",
                "clusters: {a: {admin_dsn: 'postgres://localhost/d'}}",
            })
    void what_a_stranger_may_not_set_is_refused(String line) {
        assertRefused(setting()
                .variable("MINE", "mine")
                .inWork("citus-mcp.yaml", line + "\n")
                .load());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "coordinator_dsn: postgres://u@evil.example.com/d|--coordinator-password",
                "direct_dsn: postgres://evil.example.com/d|--coordinator-dsn=postgres://u:mine@localhost/d",
                "direct_dsn: postgres://evil.example.com/d|--admin-dsn=postgres://u:mine@localhost/d",
                "worker_dsns: postgres://evil.example.com/d|--coordinator-dsn=postgres://u:mine@localhost/d",
                "patroni_urls: http://evil.example.com:8008|--patroni-password",
                "haproxy_urls: http://evil.example.com/stats|--haproxy-password",
            })
    void no_password_from_elsewhere_goes_to_a_strangers_address(String line, String flag) {
        var settings = setting()
                .inWork("citus-mcp.yaml", line + "\n")
                .arguments(flag.contains("=") ? flag : flag + "=mine")
                .load();
        assertFalse(settings.problems().isEmpty());
        for (var cluster : settings.clusters().values()) {
            for (var worker : cluster.workers()) {
                assertTrue(worker.password().isEmpty());
            }
            assertTrue(cluster.direct().isEmpty());
            assertTrue(cluster.patroniAccess().password().isEmpty());
            assertTrue(cluster.haproxyAccess().password().isEmpty());
            for (var dsn : List.of(cluster.coordinator(), cluster.admin())) {
                assertTrue(dsn.isEmpty()
                        || dsn.get().password().isEmpty()
                        || dsn.get().remoteHost() == null);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"PGPASSWORD", "PGUSER", "PGSERVICE", "PGPASSFILE", "PGHOSTADDR"})
    void libpqs_variables_complete_no_strangers_connection(String variable) {
        assertRefused(setting()
                .variable(variable, "mine")
                .inWork("citus-mcp.yaml", "coordinator_dsn: host=evil.example.com dbname=d\n")
                .load());
    }

    @Test
    void pgpass_completes_no_strangers_connection() {
        assertRefused(setting()
                .inHome(".pgpass", "*:*:*:*:mine\n")
                .inWork("citus-mcp.yaml", "coordinator_dsn: postgres://u@evil.example.com/d\n")
                .load());
    }

    @Test
    void a_strangers_host_vouches_for_no_discovered_one() {
        var settings = setting().inWork("citus-mcp.yaml", STRANGER).load();
        assertFalse(settings.server().discoveryHosts().toString().contains("evil"));
    }

    @Test
    void the_same_file_passed_by_flag_is_trusted() {
        var settings = setting()
                .inWork("citus-mcp.yaml", "coordinator_dsn: postgres://u@localhost/d\nmode: plan\n")
                .arguments("--config", "citus-mcp.yaml", "--coordinator-password", "mine")
                .load();
        assertEquals(List.of(), settings.problems());
        assertEquals(Mode.PLAN, Setting.cluster(settings, "default").mode());
    }
}
