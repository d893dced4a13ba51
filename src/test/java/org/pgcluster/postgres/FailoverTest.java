package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Two servers, one following the other, until the second has to take over. */
@Timeout(120)
class FailoverTest {
    record Where(int port, boolean standby) {}

    private static Where ask(Database database) {
        return database.sql(Call.within(Duration.ofSeconds(20)))
                .one(Where.class, "SELECT current_setting('port')::int AS port, pg_is_in_recovery() AS standby");
    }

    private static Dsn both(PgServer first, PgServer second, String attributes) {
        return both(first, second, attributes, "postgres");
    }

    private static Dsn both(PgServer first, PgServer second, String attributes, String user) {
        return new Dsn(
                List.of(new Address("127.0.0.1", first.port()), new Address("127.0.0.1", second.port())),
                "postgres",
                Optional.of(user),
                Optional.empty(),
                Map.of("target_session_attrs", attributes));
    }

    @ParameterizedTest(name = "target_session_attrs={0}")
    @ValueSource(strings = {"primary", "read-write"})
    void the_first_call_after_a_promotion_reaches_the_new_primary(String attributes)
            throws IOException, InterruptedException {
        try (var old = PgServer.start();
                var heir = PgServer.following(old);
                var database = Database.of(PgServer.target(both(old, heir, attributes), 2));
                var standbys = Database.of(PgServer.target(both(old, heir, "standby"), 1))) {
            assertEquals(new Where(old.port(), false), ask(database));
            assertEquals(new Where(heir.port(), true), ask(standbys));
            var before = database.capabilities(Call.within(Duration.ofSeconds(5)));
            old.stop();
            var between = assertThrows(ToolException.class, () -> ask(database));
            assertEquals(ErrorCode.CONNECTION_FAILED, between.code(), between.text());
            heir.promote();
            assertEquals(new Where(heir.port(), false), ask(database));
            var after = database.capabilities(Call.within(Duration.ofSeconds(5)));
            assertNotSame(before, after);
            assertFalse(after.standby());
        }
    }

    /** As docs/roles.sql makes the reading login: its sessions begin read-only on a primary, too. */
    @Test
    void a_login_whose_sessions_begin_read_only_still_tells_primary_and_standby_apart()
            throws IOException, InterruptedException {
        try (var old = PgServer.start();
                var heir = PgServer.following(old)) {
            old.psql("CREATE ROLE reader LOGIN");
            old.psql("ALTER ROLE reader SET default_transaction_read_only = on");
            try (var primary = Database.of(PgServer.target(both(old, heir, "primary", "reader"), 1));
                    var standby = Database.of(PgServer.target(both(old, heir, "standby", "reader"), 1))) {
                assertEquals(new Where(old.port(), false), ask(primary));
                assertEquals(new Where(heir.port(), true), ask(standby));
                old.stop();
                heir.promote();
                assertEquals(new Where(heir.port(), false), ask(primary));
            }
        }
    }
}
