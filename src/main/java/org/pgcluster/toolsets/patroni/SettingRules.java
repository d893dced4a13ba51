package org.pgcluster.toolsets.patroni;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** What Patroni takes with 200 and then does not do: every version stores all that is JSON, and reads of it what it knows. */
final class SettingRules {
    static final String PARAMETERS = "postgresql.parameters.";

    /** Of all versions together: a name that none of them reads is a typing error. */
    private static final Set<String> KNOWN = Set.of(
            "check_timeline",
            "failsafe_mode",
            "ignore_slots",
            "loop_wait",
            "master_start_timeout",
            "master_stop_timeout",
            "max_timelines_history",
            "maximum_lag_on_failover",
            "maximum_lag_on_syncnode",
            "member_slots_ttl",
            "pause",
            "permanent_replication_slots",
            "permanent_slots",
            "postgresql",
            "primary_race_backoff",
            "primary_start_timeout",
            "primary_stop_timeout",
            "retry_timeout",
            "slots",
            "standby_cluster",
            "synchronous_mode",
            "synchronous_mode_strict",
            "synchronous_node_count",
            "ttl");

    private static final Set<String> WHOLE = Set.of(
            "loop_wait",
            "master_start_timeout",
            "master_stop_timeout",
            "max_timelines_history",
            "maximum_lag_on_failover",
            "maximum_lag_on_syncnode",
            "primary_start_timeout",
            "primary_stop_timeout",
            "retry_timeout",
            "synchronous_node_count",
            "ttl");

    /** Of the file on each member only. */
    private static final Set<String> LOCAL =
            Set.of("authentication", "config_dir", "connect_address", "data_dir", "listen", "pgpass", "proxy_address");

    private static final Set<String> RULED =
            Set.of("cluster_name", "hot_standby", "listen_addresses", "port", "wal_log_hints");

    private static final Map<String, Integer> LEAST = Map.of(
            "max_connections", 25,
            "max_wal_senders", 3,
            "max_locks_per_transaction", 32,
            "max_replication_slots", 4,
            "max_worker_processes", 2);

    private static final Set<String> TRUTHS = Set.of("on", "off", "true", "false", "yes", "no", "1", "0", "t", "f");

    private SettingRules() {}

    /** Why it would not come to count, by the name and value alone. */
    static Optional<String> ignored(String path, @Nullable Object value, boolean citus, boolean synchronous) {
        if (value == null) {
            return Optional.empty();
        }
        if (path.startsWith(PARAMETERS)) {
            return parameter(path.substring(PARAMETERS.length()).toLowerCase(Locale.ROOT), value, citus, synchronous);
        }
        String first = path.split("\\.", 2)[0];
        if (!KNOWN.contains(first)) {
            return Optional.of("Patroni knows no such setting: it is stored and ignored");
        }
        if (first.equals("postgresql")) {
            String second = path.substring(Math.min(path.length(), "postgresql.".length()))
                    .split("\\.", 2)[0];
            return LOCAL.contains(second)
                    ? Optional.of("Patroni reads it from each member's own file only: it is stored and ignored")
                    : Optional.empty();
        }
        if (WHOLE.contains(first) && !isWhole(value)) {
            return Optional.of("it is no whole number, and Patroni then goes on with ALL of the old configuration");
        }
        return Optional.empty();
    }

    private static Optional<String> parameter(String name, Object value, boolean citus, boolean synchronous) {
        if (RULED.contains(name)) {
            return Optional.of("Patroni sets it by itself: it is stored and ignored");
        }
        if (name.equals("synchronous_standby_names") && synchronous) {
            return Optional.of("in synchronous mode Patroni sets it by itself: it is stored and ignored");
        }
        if (name.equals("wal_level") && citus && !"logical".equals(value)) {
            return Optional.of("with Citus Patroni keeps it at logical: it is stored and ignored");
        }
        Integer least = LEAST.get(name);
        return least != null && isWhole(value) && whole(value) < least
                ? Optional.of("Patroni takes no less than " + least + ": it is stored and ignored")
                : Optional.empty();
    }

    /** A leader that retries for longer than its lock lives steps down; 3.2 and later correct such values by themselves. */
    static Optional<String> tooShort(Map<String, @Nullable Object> after) {
        long ttl = number(after, "ttl", 30);
        long loop = number(after, "loop_wait", 10);
        long retry = number(after, "retry_timeout", 10);
        return loop + 2 * retry > ttl
                ? Optional.of(
                        "loop_wait " + loop + " + 2 x retry_timeout " + retry + " is more than ttl " + ttl
                                + ": a leader may lose its lock while it still retries (3.2 and later correct that by themselves)")
                : Optional.empty();
    }

    private static long number(Map<String, @Nullable Object> settings, String name, long otherwise) {
        Object value = settings.get(name);
        return value != null && isWhole(value) ? whole(value) : otherwise;
    }

    private static boolean isWhole(Object value) {
        String text = value.toString().strip();
        String digits = text.startsWith("-") ? text.substring(1) : text;
        return !digits.isEmpty() && digits.length() < 18 && digits.chars().allMatch(Character::isDigit);
    }

    private static long whole(Object value) {
        return Long.parseLong(value.toString().strip());
    }

    /** What PostgreSQL itself says of a parameter; null where it knows none of that name. */
    record Known(
            String name,
            @Nullable String context,
            @Nullable String kind,
            @Nullable String unit,
            @Nullable String least,
            @Nullable String most,
            @Nullable String words,
            boolean altered) {}

    /** What becomes of a parameter that Patroni passes on; {@code true} first where a person should hesitate. */
    record Fate(boolean risky, String words) {}

    static Fate fate(Known known, @Nullable Object value) {
        if (known.context() == null) {
            return new Fate(true, "PostgreSQL knows no such parameter: it is stored and ignored");
        }
        if (known.altered()) {
            return new Fate(true, "ALTER SYSTEM has set it on the leader, and that wins until it is reset");
        }
        Optional<String> unfit = unfit(known, value);
        if (unfit.isPresent()) {
            return new Fate(true, unfit.get());
        }
        return switch (known.context()) {
            case "postmaster" -> new Fate(true, "takes effect with a restart of each member only");
            case "internal" -> new Fate(true, "cannot be set: it is stored and ignored");
            default -> new Fate(false, "takes effect without a restart");
        };
    }

    private static Optional<String> unfit(Known known, @Nullable Object value) {
        String text = value instanceof String given ? given : JsonText.write(value);
        String words = known.words();
        boolean truth = TRUTHS.contains(text.toLowerCase(Locale.ROOT));
        if ("bool".equals(known.kind())) {
            return truth ? Optional.empty() : Optional.of("it takes on or off: Patroni leaves it out");
        }
        if ("enum".equals(known.kind()) && words != null) {
            List<String> all = List.of(words.split(",", -1));
            boolean one = all.stream().anyMatch(text::equalsIgnoreCase) || (truth && all.contains("on"));
            return one ? Optional.empty() : Optional.of("it takes one of " + words + ": Patroni leaves it out");
        }
        if (!List.of("integer", "real").contains(String.valueOf(known.kind()))) {
            return Optional.empty();
        }
        Double number = Units.of(text, known.unit());
        Double least = Units.of(String.valueOf(known.least()), known.unit());
        Double most = Units.of(String.valueOf(known.most()), known.unit());
        if (number == null) {
            return Optional.of("it takes a number"
                    + (known.unit() == null ? "" : " in " + known.unit() + " or with a unit")
                    + ": Patroni leaves it out");
        }
        boolean fits = (least == null || number >= least) && (most == null || number <= most);
        return fits
                ? Optional.empty()
                : Optional.of("it takes " + known.least() + " to " + known.most()
                        + (known.unit() == null ? "" : " x " + known.unit()) + ": Patroni takes the nearest");
    }
}
