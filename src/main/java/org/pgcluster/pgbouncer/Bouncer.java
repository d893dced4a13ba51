package org.pgcluster.pgbouncer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One PgBouncer at one moment.
 *
 * @param admin whether this login may change anything
 */
public record Bouncer(
        String where,
        String version,
        List<Pool> pools,
        List<Database> databases,
        List<Rate> rates,
        Map<String, String> settings,
        boolean admin) {
    /** The pool of the console itself, which says nothing of the estate. */
    private static final String OWN = "pgbouncer";

    /** {@code room} is how many servers the pool may have, its reserve included. */
    public record Pool(
            String database,
            String user,
            String mode,
            long clientsActive,
            long clientsWaiting,
            double longestWaitSeconds,
            long serversActive,
            long serversIdle,
            long serversUsed,
            long serversTested,
            long serversLoggingIn,
            @Nullable Long room) {}

    public record Database(
            String name,
            @Nullable String host,
            @Nullable Long port,
            String target,
            long poolSize,
            long reserve,
            long maxConnections,
            long currentConnections,
            boolean paused,
            boolean disabled) {}

    /** Of one database; seconds are per query, {@code waitSeconds} what all clients waited in each second. */
    public record Rate(
            String database,
            double transactionsPerSecond,
            double queriesPerSecond,
            double receivedPerSecond,
            double sentPerSecond,
            @Nullable Double querySeconds,
            double waitSeconds) {}

    static Bouncer read(String where, String user, Console console, Duration between) {
        long started = System.nanoTime();
        Table before = console.ask("SHOW STATS");
        String version = version(console);
        List<Database> databases = databases(console.ask("SHOW DATABASES"));
        Map<String, String> settings = new TreeMap<>();
        console.ask("SHOW CONFIG").all().forEach(row -> settings.put(row.text("key", "?"), row.text("value", "")));
        List<Pool> pools = pools(console.ask("SHOW POOLS"), databases);
        List<Rate> rates = List.of();
        if (!between.isZero()) {
            LockSupport.parkNanos(between.toNanos() - (System.nanoTime() - started));
            Table after = console.ask("SHOW STATS");
            rates = rates(before, after, (System.nanoTime() - started) / 1e9);
        }
        return new Bouncer(where, version, pools, databases, rates, settings, isAdmin(settings, user));
    }

    static String version(Console console) {
        Table version = console.ask("SHOW VERSION");
        return version.rows().isEmpty()
                ? "unknown"
                : version.row(0).text("version", "unknown").replace("PgBouncer ", "");
    }

    private static boolean isAdmin(Map<String, String> settings, String user) {
        return List.of(settings.getOrDefault("admin_users", "").split("\\s*,\\s*", -1))
                .contains(user);
    }

    private static List<Database> databases(Table table) {
        List<Database> databases = new ArrayList<>();
        for (Table.Row row : table.all()) {
            if (!row.text("name", "").equals(OWN)) {
                Long reserve = row.numberIfAny("reserve_pool_size");
                databases.add(new Database(
                        row.text("name", "?"),
                        row.text("host"),
                        row.numberIfAny("port"),
                        row.text("database", "?"),
                        row.number("pool_size"),
                        reserve == null ? row.number("reserve_pool") : reserve,
                        row.number("max_connections"),
                        row.number("current_connections"),
                        row.number("paused") != 0,
                        row.number("disabled") != 0));
            }
        }
        return databases;
    }

    private static List<Pool> pools(Table table, List<Database> databases) {
        List<Pool> pools = new ArrayList<>();
        for (Table.Row row : table.all()) {
            String name = row.text("database", "?");
            if (!name.equals(OWN)) {
                Long room = databases.stream()
                        .filter(one -> one.name().equals(name))
                        .findFirst()
                        .map(one -> one.poolSize() + one.reserve())
                        .orElse(null);
                pools.add(new Pool(
                        name,
                        row.text("user", "?"),
                        row.text("pool_mode", "?"),
                        row.number("cl_active"),
                        row.number("cl_waiting"),
                        row.number("maxwait") + row.number("maxwait_us") / 1e6,
                        row.number("sv_active"),
                        row.number("sv_idle"),
                        row.number("sv_used"),
                        row.number("sv_tested"),
                        row.number("sv_login"),
                        room));
            }
        }
        return pools;
    }

    private static List<Rate> rates(Table before, Table after, double seconds) {
        List<Rate> rates = new ArrayList<>();
        for (Table.Row now : after.all()) {
            String database = now.text("database", "?");
            for (Table.Row then : before.all()) {
                if (database.equals(then.text("database")) && !database.equals(OWN)) {
                    long queries = now.number("total_query_count") - then.number("total_query_count");
                    rates.add(new Rate(
                            database,
                            grown(then, now, "total_xact_count") / seconds,
                            queries / seconds,
                            grown(then, now, "total_received") / seconds,
                            grown(then, now, "total_sent") / seconds,
                            queries <= 0 ? null : (Double) (grown(then, now, "total_query_time") / 1e6 / queries),
                            grown(then, now, "total_wait_time") / 1e6 / seconds));
                }
            }
        }
        return rates;
    }

    private static double grown(Table.Row then, Table.Row now, String counter) {
        return Math.max(0, now.number(counter) - then.number(counter));
    }
}
