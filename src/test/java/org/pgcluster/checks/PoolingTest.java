package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.checks.Pooling.Fault;
import org.pgcluster.pgbouncer.Bouncer;

class PoolingTest {
    private static final Map<String, String> GOOD = Map.of("ignore_startup_parameters", "extra_float_digits");

    private static Bouncer bouncer(boolean paused, Map<String, String> settings, Bouncer.Pool... pools) {
        var database = new Bouncer.Database("app", "h", 5432L, "app", 10, 2, 0, 0, paused, false);
        return new Bouncer("h:6432", "1.18.0", List.of(pools), List.of(database), List.of(), settings, true);
    }

    private static Bouncer.Pool pool(long waiting, long active, long idle) {
        return new Bouncer.Pool("app", "app", "transaction", 3, waiting, 1.5, active, idle, 0, 0, 0, 12L);
    }

    private static List<Fault> faults(Bouncer bouncer) {
        return Pooling.wrongs(bouncer).stream().map(Pooling.Wrong::fault).toList();
    }

    @Test
    void nobody_waiting_is_nothing_wrong() {
        assertEquals(List.of(), faults(bouncer(false, GOOD, pool(0, 5, 5))));
    }

    @ParameterizedTest(name = "{0} waiting, {1} active, {2} idle is {3}")
    @CsvSource({"2, 12, 0, FULL", "1, 0, 0, UNREACHABLE", "1, 3, 1, WAITING"})
    void who_waits_waits_for_a_reason(long waiting, long active, long idle, Fault fault) {
        assertEquals(List.of(fault), faults(bouncer(false, GOOD, pool(waiting, active, idle))));
    }

    @Test
    void clients_of_a_paused_database_wait_for_its_resume_alone() {
        assertEquals(List.of(Fault.PAUSED), faults(bouncer(true, GOOD, pool(4, 0, 0))));
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({"query_wait_timeout, 0", "auth_type, any"})
    void a_setting_that_hurts_is_named(String name, String value) {
        Map<String, String> settings = Map.of("ignore_startup_parameters", "extra_float_digits", name, value);
        assertEquals(List.of(Fault.SETTING), faults(bouncer(false, settings)));
    }

    @Test
    void nearly_all_clients_connected_is_told() {
        Map<String, String> settings =
                Map.of("ignore_startup_parameters", "extra_float_digits", "max_client_conn", "4");
        assertEquals(
                List.of(Fault.CLIENTS_NEARLY_FULL), faults(bouncer(false, settings, pool(0, 3, 0), pool(0, 3, 0))));
    }
}
