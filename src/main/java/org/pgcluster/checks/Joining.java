package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.snapshot.Snapshot;

/**
 * Puts what follows from another finding under it. The rules stand in the order in which one would look: what breaks
 * first explains what stands above it, and is explained by nothing further down the list.
 */
final class Joining {
    /** How cause and effect have to lie to each other. */
    private enum Where {
        ANYWHERE,
        /** Both in one Patroni group. */
        SAME_GROUP,
        /** The cause is in the group that clients come to, and the effect is what they meet. */
        IN_FRONT,
        /** The effect speaks of the server that the cause speaks of. */
        SAME_SERVER,
        /** A Patroni that is in no group that is known. */
        NOBODYS
    }

    private record Rule(Pattern cause, Where where, Pattern effect) {
        static Rule of(String cause, Where where, String effect) {
            return new Rule(Pattern.compile(cause), where, Pattern.compile(effect));
        }
    }

    private static final String MEETS_CLIENTS =
            "haproxy\\.(no_server|checks_differ|wrong_writer|member_left_out|unknown_to_patroni)"
                    + "|pgbouncer\\.(unreachable|waiting|full)"
                    + "|postgres\\.out_of_reach|citus\\.out_of_reach";

    private static final List<Rule> RULES = List.of(
            Rule.of(
                    "patroni\\.dcs_lost",
                    Where.ANYWHERE,
                    MEETS_CLIENTS + "|patroni\\..*|citus\\.(node_is_standby"
                            + "|names_no_leader|workers_missing|metadata_not_synced)|postgres\\.slot_.*|haproxy\\..*"),
            Rule.of(
                    "citus\\.group_down",
                    Where.SAME_GROUP,
                    "citus\\.out_of_reach|patroni\\.(unobserved|out_of_reach"
                            + "|members_missing)|citus\\.metadata_not_synced"),
            Rule.of("citus\\.group_down", Where.NOBODYS, "patroni\\.out_of_reach"),
            Rule.of(
                    "patroni\\.no_leader",
                    Where.SAME_GROUP,
                    "citus\\.(out_of_reach|metadata_not_synced|node_is_standby)"
                            + "|patroni\\.(?!no_leader).*|postgres\\.slot_.*"),
            Rule.of("patroni\\.no_leader", Where.IN_FRONT, MEETS_CLIENTS),
            Rule.of(
                    "patroni\\.leader_silent",
                    Where.SAME_GROUP,
                    "citus\\.(out_of_reach|metadata_not_synced)"
                            + "|patroni\\.(out_of_reach|replica_behind|member_not_running|members_differ|leaders_differ)"
                            + "|postgres\\.slot_.*"),
            Rule.of("patroni\\.leader_silent", Where.IN_FRONT, MEETS_CLIENTS),
            Rule.of(
                    "(postgres|citus)\\.connections_exhausted",
                    Where.SAME_GROUP,
                    "patroni\\.(member_not_running" + "|leader_denies|replica_behind)"),
            Rule.of(
                    "citus\\.names_no_leader",
                    Where.SAME_GROUP,
                    "citus\\.(node_is_standby|out_of_reach" + "|metadata_not_synced)|patroni\\.unobserved"),
            Rule.of("citus\\.names_no_leader", Where.ANYWHERE, "citus\\.metadata_not_synced"),
            Rule.of(
                    "patroni\\.leader_denies",
                    Where.SAME_GROUP,
                    "citus\\.(out_of_reach|metadata_not_synced)" + "|patroni\\.member_not_running|postgres\\.slot_.*"),
            Rule.of("patroni\\.leader_denies", Where.IN_FRONT, MEETS_CLIENTS),
            Rule.of(
                    "citus\\.out_of_reach",
                    Where.SAME_GROUP,
                    "patroni\\.(leader_denies|member_not_running)" + "|citus\\.metadata_not_synced"),
            Rule.of(
                    "patroni\\.member_not_running",
                    Where.SAME_GROUP,
                    "patroni\\.(timeline|replica_behind"
                            + "|nobody_may_take_over|no_synchronous_standby)|postgres\\.slot_.*|citus\\.metadata_not_synced"),
            Rule.of("patroni\\.member_not_running", Where.IN_FRONT, "haproxy\\.no_server"),
            Rule.of(
                    "patroni\\.members_missing",
                    Where.SAME_GROUP,
                    "patroni\\.(out_of_reach|no_synchronous_standby"
                            + "|timeline)|postgres\\.slot_.*|citus\\.metadata_not_synced"),
            Rule.of("patroni\\.members_missing", Where.NOBODYS, "patroni\\.out_of_reach"),
            Rule.of("patroni\\.members_missing", Where.IN_FRONT, "haproxy\\.(no_server|unknown_to_patroni)"),
            Rule.of(
                    "patroni\\.out_of_reach",
                    Where.SAME_GROUP,
                    "patroni\\.(replica_behind|members_differ" + "|timeline)|postgres\\.slot_.*"),
            Rule.of("patroni\\.replica_behind", Where.SAME_GROUP, "patroni\\.timeline|postgres\\.slot_.*"),
            Rule.of(
                    "haproxy\\.(check_port|leader_taken_out)",
                    Where.ANYWHERE,
                    "haproxy\\.(no_server|checks_differ)"
                            + "|pgbouncer\\.(unreachable|waiting)|postgres\\.out_of_reach|citus\\.out_of_reach"),
            Rule.of("haproxy\\.other_group", Where.ANYWHERE, "haproxy\\.member_left_out"),
            Rule.of("haproxy\\.several_writers", Where.ANYWHERE, "haproxy\\.checks_differ"),
            Rule.of(
                    "haproxy\\.(no_server|out_of_reach)",
                    Where.ANYWHERE,
                    "haproxy\\.out_of_reach"
                            + "|pgbouncer\\.(unreachable|waiting)|postgres\\.out_of_reach|citus\\.out_of_reach"),
            Rule.of("postgres\\.prepared_left", Where.SAME_SERVER, "postgres\\.sessions_blocked"),
            Rule.of(
                    "(postgres|citus)\\.sessions_blocked",
                    Where.ANYWHERE,
                    "citus\\.job_blocked" + "|postgres\\.(idle_in_transaction|old_transaction)"),
            Rule.of("citus\\.sessions_blocked", Where.ANYWHERE, "postgres\\.sessions_blocked"),
            Rule.of(
                    "citus\\.job_(blocked|retrying)",
                    Where.ANYWHERE,
                    "citus\\.(shards_unwanted|placement_skewed"
                            + "|cannot_be_moved)|postgres\\.(sessions_blocked|old_transaction|idle_in_transaction)"),
            Rule.of(
                    "citus\\.(shards_unwanted|placement_skewed)",
                    Where.ANYWHERE,
                    "citus\\.cannot_be_moved" + "|citus\\.placement_skewed"),
            Rule.of("citus\\.coordinator_unregistered", Where.ANYWHERE, "citus\\.reference_copy_missing"),
            Rule.of("pgbouncer\\.full", Where.ANYWHERE, "pgbouncer\\.waiting"));

    private final Estate estate;

    private Joining(Snapshot snapshot) {
        estate = new Estate(snapshot);
    }

    static List<Finding> of(Snapshot snapshot, List<Finding> sorted) {
        return new Joining(snapshot).joined(sorted);
    }

    private List<Finding> joined(List<Finding> findings) {
        Map<Finding, List<Finding>> under = new HashMap<>();
        Set<Finding> explained = new HashSet<>();
        for (Rule rule : RULES) {
            for (Finding cause : findings) {
                if (explained.contains(cause)
                        || !rule.cause().matcher(cause.id()).matches()) {
                    continue;
                }
                for (Finding effect : findings) {
                    boolean free = !effect.equals(cause) && !explained.contains(effect);
                    if (free && rule.effect().matcher(effect.id()).matches() && lies(rule.where(), cause, effect)) {
                        explained.add(effect);
                        List<Finding> below = under.computeIfAbsent(cause, x -> new ArrayList<>());
                        below.add(effect);
                        below.addAll(under.getOrDefault(effect, List.of()));
                    }
                }
            }
        }
        return findings.stream()
                .filter(finding -> !explained.contains(finding))
                .map(finding -> finding.explaining(under.getOrDefault(finding, List.of())))
                .toList();
    }

    private boolean lies(Where where, Finding cause, Finding effect) {
        String home = group(cause);
        String there = group(effect);
        return switch (where) {
            case ANYWHERE -> true;
            case SAME_GROUP -> home != null && home.equals(there);
            case IN_FRONT -> estate.isFront(home);
            case SAME_SERVER ->
                cause.evidence().get("server") != null
                        && cause.evidence()
                                .get("server")
                                .equals(effect.evidence().get("server"));
            case NOBODYS -> there == null;
        };
    }

    /** What a finding speaks of, else the server that it was seen on. */
    private @Nullable String group(Finding finding) {
        String known = estate.groupOf(finding.subject());
        Object server = finding.evidence().get("server");
        return known != null || server == null ? known : estate.groupOf(String.valueOf(server));
    }
}
