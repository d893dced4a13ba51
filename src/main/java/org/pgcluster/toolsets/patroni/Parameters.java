package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Together;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.postgres.Sql;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.toolsets.patroni.PatroniConfig.NotInForce;

/** Reads back from the running servers what the configuration asks for: Patroni stores anything and ignores some of it. */
final class Parameters {
    private static final String IN_FORCE = """
            SELECT wanted.name, wanted.value AS configured, setting.setting AS in_force,
                   setting.unit, setting.vartype AS kind, coalesce(setting.pending_restart, false) AS pending,
                   coalesce(setting.context, '') AS context
              FROM unnest(?::text[], ?::text[]) AS wanted(name, value)
              LEFT JOIN pg_catalog.pg_settings AS setting ON lower(setting.name) = lower(wanted.name)
             ORDER BY wanted.name
            """;

    record Row(
            String name,
            String configured,
            @Nullable String inForce,
            @Nullable String unit,
            @Nullable String kind,
            boolean pending,
            String context) {}

    private Parameters() {}

    /** By the leader alone. */
    static List<NotInForce> notInForce(Group group, Map<?, ?> parameters, Context context) {
        if (parameters.isEmpty()) {
            return List.of();
        }
        String leader = group.leader().map(Member::name).orElse("the leader");
        return differing(group, leader, parameters, Leaders.sql(group, context));
    }

    /** By every server of the group that can be asked; those that cannot are left in {@code unavailable}. */
    static List<NotInForce> onAll(
            Group group, Map<?, ?> parameters, Context context, Consumer<Unavailable> unavailable) {
        List<NotInForce> all = new ArrayList<>(notInForce(group, parameters, context));
        List<Member> replicas = parameters.isEmpty() ? List.of() : group.replicas();
        List<Runnable> told = Together.all(replicas, replica -> {
            try {
                List<NotInForce> its = differing(group, replica.name(), parameters, Leaders.sql(replica, context));
                return () -> all.addAll(its);
            } catch (ToolException e) {
                return () -> unavailable.accept(new Unavailable("postgres", replica.name(), e.text()));
            }
        });
        told.forEach(Runnable::run); // in the order of the members, on this thread
        return all;
    }

    private static List<NotInForce> differing(Group group, String member, Map<?, ?> parameters, Sql sql) {
        Map<String, String> wanted = new TreeMap<>();
        parameters.forEach((name, value) -> wanted.put(String.valueOf(name), String.valueOf(value)));
        List<NotInForce> differing = new ArrayList<>();
        for (Row row : sql.list(Row.class, IN_FORCE, List.copyOf(wanted.keySet()), List.copyOf(wanted.values()))) {
            String now = row.inForce();
            if (now == null) {
                differing.add(new NotInForce(
                        group.name(),
                        member,
                        row.name(),
                        row.configured(),
                        "none",
                        "PostgreSQL knows no such parameter"));
            } else if (!same(row, now)) {
                differing.add(
                        new NotInForce(group.name(), member, row.name(), row.configured(), shown(row, now), why(row)));
            }
        }
        return differing;
    }

    private static String why(Row row) {
        return row.pending() || row.context().equals("postmaster")
                ? "needs a restart, or Patroni rules it itself"
                : "overruled elsewhere, or not applied yet";
    }

    private static String shown(Row row, String now) {
        return row.unit() == null ? now : now + " x " + row.unit();
    }

    /** A value with a unit of its own is compared in bytes or milliseconds, a switch by what it means. */
    private static boolean same(Row row, String now) {
        String configured = row.configured().strip();
        return switch (String.valueOf(row.kind())) {
            case "bool" -> truth(configured) == truth(now);
            case "integer", "real" -> {
                Double one = Units.of(configured, row.unit());
                Double other = Units.of(now, row.unit());
                yield one == null ? configured.equals(now) : one.equals(other);
            }
            case "enum" -> configured.equalsIgnoreCase(now);
            default -> list(configured).equals(list(now));
        };
    }

    /** Patroni puts citus first into shared_preload_libraries itself, and PostgreSQL drops blanks between names. */
    private static String list(String text) {
        return text.replaceAll("\\s*,\\s*", ",").replace("\"", "");
    }

    private static boolean truth(String text) {
        String word = text.toLowerCase(java.util.Locale.ROOT);
        return List.of("1", "on", "true", "yes", "t", "y").contains(word);
    }
}
