package org.pgcluster.checks;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unread;

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
        /** The effect waits for a prepared transaction of the server that the cause speaks of. */
        HELD_THERE,
        /** The effect speaks of the session that the cause waits for. */
        SAME_SESSION,
        /** The effect's subject names the cause's among others. */
        NAMED,
        /** The cause names the member whose Patroni the effect speaks of. */
        ITS_PATRONI,
        /** A Patroni that is in no group that is known. */
        NOBODYS,
        /** What answers badly or late may do so for want of another; a process that is gone went of itself. */
        STILL_THERE
    }

    private record Rule(Pattern cause, Where where, Pattern effect) {
        static Rule of(String line) {
            String[] parts = line.split(" +", 3);
            return new Rule(
                    Pattern.compile(parts[0]),
                    Where.valueOf(parts[1]),
                    Pattern.compile(parts[2].replace("FRONT", FRONT).replace("LEADING", LEADING)));
        }
    }

    /** What a client meets when the group it comes to has nobody to serve it. */
    private static final String FRONT =
            "haproxy\\.(no_server|checks_differ|wrong_writer|member_left_out|unknown_to_patroni)"
                    + "|pgbouncer\\.(unreachable|waiting|full)|(postgres|citus)\\.out_of_reach";

    /** What members show while nobody leads them: neither their tags, settings and certificates nor who is let in. */
    private static final String LEADING =
            "no_leader|leader_.*|leaders_differ|members_.*|member_not_running|timeline|replica_.*|no.*synchronous.*";

    /** Cause, how both lie, effect. {@code FRONT} and {@code LEADING} stand for what clients meet and members show. */
    private static final List<Rule> RULES = """
            patroni\\.dcs_lost            STILL_THERE   FRONT|(patroni|haproxy)\\.out_of_reach
            patroni\\.dcs_lost            ANYWHERE      patroni\\.(LEADING|unobserved)|postgres\\.slot_.*
            patroni\\.dcs_lost            ANYWHERE      citus\\.(node_is_standby|names_no_leader|workers_missing|metadata_not_synced)
            citus\\.group_down            SAME_GROUP    citus\\.(out_of_reach|metadata_not_synced)
            citus\\.group_down            SAME_GROUP    patroni\\.(unobserved|out_of_reach|members_missing)
            citus\\.group_down            NOBODYS       patroni\\.out_of_reach
            patroni\\.no_leader           SAME_GROUP    citus\\.(out_of_reach|metadata_not_synced|node_is_standby)
            patroni\\.no_leader           SAME_GROUP    patroni\\.(LEADING|out_of_reach|nobody_may_take_over)|postgres\\.slot_.*
            patroni\\.no_leader           IN_FRONT      FRONT
            patroni\\.leader_silent       SAME_GROUP    citus\\.(out_of_reach|metadata_not_synced)|postgres\\.slot_.*
            patroni\\.leader_silent       SAME_GROUP    patroni\\.(out_of_reach|replica_behind|member_not_running|members_differ|leaders_differ)
            patroni\\.leader_silent       IN_FRONT      FRONT
            postgres\\.connections_exhausted  SAME_GROUP  patroni\\.(member_not_running|leader_denies|replica_behind)
            citus\\.names_no_leader       SAME_GROUP    citus\\.(node_is_standby|out_of_reach)|patroni\\.unobserved
            patroni\\.watches_another     ANYWHERE      haproxy\\.(unknown_to_patroni|member_left_out|wrong_writer|check_port)
            patroni\\.watches_another     ANYWHERE      citus\\.(names_no_leader|workers_missing)|patroni\\.unobserved
            citus\\.names_no_leader       ANYWHERE      citus\\.metadata_not_synced
            citus\\.node_inactive         ANYWHERE      citus\\.workers_missing
            citus\\.names_no_leader       NAMED         citus\\.two_nodes_one_server
            patroni\\.leader_denies       SAME_GROUP    citus\\.(out_of_reach|metadata_not_synced)
            patroni\\.leader_denies       SAME_GROUP    patroni\\.member_not_running|postgres\\.slot_.*
            patroni\\.leader_denies       IN_FRONT      FRONT
            citus\\.out_of_reach          SAME_GROUP    patroni\\.(leader_denies|member_not_running)|citus\\.metadata_not_synced
            patroni\\.member_not_running  SAME_GROUP    patroni\\.(timeline|replica_behind|nobody_may_take_over|no_synchronous_standby)
            patroni\\.member_not_running  SAME_GROUP    postgres\\.slot_.*|citus\\.metadata_not_synced
            patroni\\.member_not_running  ITS_PATRONI   patroni\\.out_of_reach
            patroni\\.member_not_running  IN_FRONT      haproxy\\.no_server
            patroni\\.members_missing     SAME_GROUP    patroni\\.(out_of_reach|no_synchronous_standby|timeline)
            patroni\\.members_missing     SAME_GROUP    postgres\\.slot_.*|citus\\.metadata_not_synced
            patroni\\.members_missing     NOBODYS       patroni\\.out_of_reach
            patroni\\.members_missing     IN_FRONT      haproxy\\.(no_server|unknown_to_patroni)
            patroni\\.out_of_reach        SAME_GROUP    patroni\\.(replica_behind|members_differ|timeline|no_synchronous_standby)
            patroni\\.out_of_reach        SAME_GROUP    postgres\\.slot_.*
            patroni\\.replica_behind      SAME_GROUP    patroni\\.(timeline|no_synchronous_standby)|postgres\\.slot_.*
            haproxy\\.(check_port|leader_taken_out)   ANYWHERE  haproxy\\.(no_server|checks_differ)|FRONT
            haproxy\\.other_group         ANYWHERE      haproxy\\.member_left_out
            haproxy\\.several_writers     ANYWHERE      haproxy\\.checks_differ
            haproxy\\.(no_server|out_of_reach)        ANYWHERE  haproxy\\.out_of_reach
            haproxy\\.(no_server|out_of_reach)        ANYWHERE  pgbouncer\\.(unreachable|waiting)|(postgres|citus)\\.out_of_reach
            postgres\\.prepared_left      HELD_THERE    postgres\\.sessions_blocked
            citus\\.job_blocked           SAME_SESSION  (postgres|citus)\\.sessions_blocked
            (postgres|citus)\\.sessions_blocked       SAME_SESSION  postgres\\.(idle_in_transaction|old_transaction)
            citus\\.sessions_blocked      ANYWHERE      postgres\\.sessions_blocked
            citus\\.job_(blocked|retrying)            ANYWHERE  citus\\.(shards_unwanted|placement_skewed|cannot_be_moved)
            citus\\.(shards_unwanted|placement_skewed)  ANYWHERE  citus\\.(cannot_be_moved|placement_skewed)
            citus\\.coordinator_unregistered          ANYWHERE  citus\\.reference_copy_missing
            pgbouncer\\.full              ANYWHERE      pgbouncer\\.waiting
            """.lines().map(Rule::of).toList();

    /** A global pid of Citus is the node's number times this, plus the pid. */
    private static final long GLOBAL = 10_000_000_000L;

    private final Estate estate;

    /** Component and address. */
    private final Set<String> gone;

    private final Map<Finding, Finding> causeOf = new HashMap<>();

    private Joining(Snapshot snapshot) {
        estate = new Estate(snapshot);
        gone = snapshot.unavailable().stream()
                .filter(part -> part.kind() == Unread.Kind.GONE)
                .map(part -> part.component() + " " + part.where())
                .collect(Collectors.toUnmodifiableSet());
    }

    static List<Finding> of(Snapshot snapshot, List<Finding> sorted) {
        return new Joining(snapshot).joined(sorted);
    }

    private List<Finding> joined(List<Finding> findings) {
        for (Rule rule : RULES) {
            for (Finding cause : findings) {
                if (rule.cause().matcher(cause.id()).matches()) {
                    findings.stream()
                            .filter(effect -> rule.effect().matcher(effect.id()).matches())
                            .filter(effect ->
                                    !causeOf.containsKey(effect) && !root(cause).equals(effect))
                            .filter(effect -> lies(rule.where(), cause, effect))
                            .toList()
                            .forEach(effect -> causeOf.put(effect, cause));
                }
            }
        }
        return findings.stream()
                .filter(finding -> !causeOf.containsKey(finding))
                .map(finding -> finding.explaining(findings.stream()
                        .filter(other ->
                                causeOf.containsKey(other) && root(other).equals(finding))
                        .toList()))
                .toList();
    }

    private Finding root(Finding finding) {
        Finding root = finding;
        for (Finding above = causeOf.get(root); above != null; above = causeOf.get(root)) {
            root = above;
        }
        return root;
    }

    private boolean lies(Where where, Finding cause, Finding effect) {
        String home = group(cause);
        String there = group(effect);
        return switch (where) {
            case ANYWHERE -> true;
            case SAME_GROUP -> home != null && home.equals(there);
            case IN_FRONT -> estate.isFront(home);
            case HELD_THERE ->
                effect.subject().endsWith(" prepared transaction")
                        && cause.evidence().get("server") != null
                        && cause.evidence()
                                .get("server")
                                .equals(effect.evidence().get("server"));
            case SAME_SESSION -> sessions(cause).stream().anyMatch(sessions(effect)::contains);
            case NAMED -> List.of(effect.subject().split(" and ")).contains(cause.subject());
            case ITS_PATRONI ->
                estate.patroniOf(cause.subject())
                        .filter(effect.subject()::equals)
                        .isPresent();
            case NOBODYS -> there == null;
            case STILL_THERE -> !gone.contains(effect.component() + " " + effect.subject());
        };
    }

    /** The pids that its subject or its evidence names as those that hold others up. */
    private static Set<String> sessions(Finding finding) {
        String named = finding.subject() + " " + finding.evidence().getOrDefault("pg_blocking_pids", "");
        return Pattern.compile("(?:^| )(\\d{1,18})(?=,| |$)")
                .matcher(named)
                .results()
                .map(one -> one.group(1))
                .flatMap(one -> Stream.of(one, Long.toString(Long.parseLong(one) % GLOBAL)))
                .collect(Collectors.toSet());
    }

    /** What a finding speaks of, else the server that it was seen on. */
    private @Nullable String group(Finding finding) {
        String known = estate.groupOf(finding.subject());
        Object server = finding.evidence().get("server");
        return known != null || server == null ? known : estate.groupOf(String.valueOf(server));
    }
}
