package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.pgbouncer.Bouncer;
import org.pgcluster.pgbouncer.Bouncer.Database;
import org.pgcluster.pgbouncer.Bouncer.Pool;

/** What is wrong with a PgBouncer: who waits and why, and settings that hurt. Pure. */
public final class Pooling {
    private Pooling() {}

    public enum Fault {
        UNREACHABLE,
        FULL,
        WAITING,
        PAUSED,
        DISABLED,
        CLIENTS_NEARLY_FULL,
        SETTING
    }

    public record Wrong(Fault fault, String instance, String subject, String words) {}

    public static List<Wrong> wrongs(Bouncer bouncer) {
        List<Wrong> wrongs = new ArrayList<>();
        for (Database database : bouncer.databases()) {
            if (database.paused()) {
                wrongs.add(wrong(
                        bouncer, Fault.PAUSED, database.name(), database.name() + " is paused: its clients wait"));
            }
            if (database.disabled()) {
                wrongs.add(wrong(
                        bouncer,
                        Fault.DISABLED,
                        database.name(),
                        database.name() + " is disabled: new clients are refused"));
            }
        }
        for (Pool pool : bouncer.pools()) {
            boolean paused = bouncer.databases().stream()
                    .anyMatch(one -> one.paused() && one.name().equals(pool.database()));
            if (pool.clientsWaiting() > 0 && !paused) {
                wrongs.add(waiting(bouncer, pool));
            }
        }
        clients(bouncer).ifPresent(wrongs::add);
        settings(bouncer, wrongs);
        return wrongs;
    }

    /** Clients that wait with no server at work wait for the server; with all at work, for each other. */
    private static Wrong waiting(Bouncer bouncer, Pool pool) {
        String name = pool.database() + "/" + pool.user();
        boolean one = pool.clientsWaiting() == 1;
        String wait = pool.clientsWaiting() + (one ? " client of " : " clients of ") + name
                + (one ? " waits, for " : " wait, the longest for ") + Math.round(pool.longestWaitSeconds() * 10) / 10.0
                + " s";
        Long room = pool.room();
        if (pool.serversActive() + pool.serversIdle() + pool.serversUsed() + pool.serversTested() == 0) {
            return wrong(
                    bouncer,
                    Fault.UNREACHABLE,
                    name,
                    wait + ", and no server connection stands: what PgBouncer connects to does not let it in");
        }
        return room != null && pool.serversActive() >= room
                ? wrong(
                        bouncer,
                        Fault.FULL,
                        name,
                        wait + ": all " + pool.serversActive() + " server connections are busy")
                : wrong(bouncer, Fault.WAITING, name, wait);
    }

    private static Optional<Wrong> clients(Bouncer bouncer) {
        long clients = bouncer.pools().stream()
                .mapToLong(pool -> pool.clientsActive() + pool.clientsWaiting())
                .sum();
        long most = whole(bouncer.settings(), "max_client_conn");
        return most > 0 && clients * 100 >= most * 80
                ? Optional.of(wrong(
                        bouncer,
                        Fault.CLIENTS_NEARLY_FULL,
                        bouncer.where(),
                        clients + " of " + most + " clients (max_client_conn) are connected"))
                : Optional.empty();
    }

    private static void settings(Bouncer bouncer, List<Wrong> wrongs) {
        Map<String, String> settings = bouncer.settings();
        if ("0".equals(settings.get("query_wait_timeout"))) {
            setting(bouncer, wrongs, "query_wait_timeout = 0 lets clients wait for a server without end");
        }
        if ("any".equals(settings.get("auth_type"))) {
            setting(bouncer, wrongs, "auth_type = any lets everybody in as the configured user");
        }
        if ("transaction".equals(settings.get("pool_mode")) && "0".equals(settings.get("max_prepared_statements"))) {
            setting(
                    bouncer,
                    wrongs,
                    "max_prepared_statements = 0 with pool_mode = transaction breaks drivers that prepare statements");
        }
        if ("transaction".equals(settings.get("pool_mode")) && "1".equals(settings.get("server_reset_query_always"))) {
            setting(bouncer, wrongs, "server_reset_query_always costs a round trip after each transaction");
        }
        if (!settings.getOrDefault("ignore_startup_parameters", "").contains("extra_float_digits")) {
            setting(
                    bouncer,
                    wrongs,
                    "ignore_startup_parameters lacks extra_float_digits: Java clients up to pgjdbc 42.7.3 are refused");
        }
    }

    private static void setting(Bouncer bouncer, List<Wrong> wrongs, String words) {
        wrongs.add(wrong(bouncer, Fault.SETTING, bouncer.where(), words));
    }

    private static long whole(Map<String, String> settings, String name) {
        String text = settings.getOrDefault(name, "");
        return text.isEmpty() || text.length() > 9 || !text.chars().allMatch(Character::isDigit)
                ? 0
                : Long.parseLong(text);
    }

    private static Wrong wrong(Bouncer bouncer, Fault fault, String subject, String words) {
        return new Wrong(fault, bouncer.where(), subject, words);
    }
}
