package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Observed;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** What the acts on Patroni have in common: whom they ask, what an answer means, and waiting for the real end. */
final class Changing {
    private static final long LOOK_EVERY_NANOS = 500_000_000L;

    private Changing() {}

    record One(int one) {}

    static Group group(Optional<String> wanted, Context context) {
        return observed(context).group(wanted);
    }

    /** Where there is only one group it is that one, whether anybody can tell its members' names or not. */
    static Group groupOf(Optional<String> wanted, Optional<String> member, Context context) {
        Observed observed = observed(context);
        boolean only = wanted.isEmpty() && observed.groups().size() == 1;
        return only ? observed.groups().get(0) : observed.group(wanted.or(() -> member));
    }

    static Observed observed(Context context) {
        return context.cluster()
                .patroni(context.call(), context.cluster().settings().httpTimeout());
    }

    /** The leader where it answers, else anybody who does: all of them write to the same DCS. */
    static String api(Group group) {
        List<Member> inOrder = new ArrayList<>();
        group.leader().ifPresent(inOrder::add);
        inOrder.addAll(group.members());
        for (Member member : inOrder) {
            String api = member.api();
            if (member.own().isPresent() && api != null) {
                return api;
            }
        }
        throw new ToolException(
                ErrorCode.CONNECTION_FAILED,
                "No member of group " + group.name() + " answers, so nobody can be told.",
                "patronictl on one of its hosts talks to the DCS itself.");
    }

    static Member member(Group group, String name) {
        return group.named(name)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "Group " + group.name() + " has no member " + name + ".",
                        "It has "
                                + String.join(
                                        ", ",
                                        group.members().stream()
                                                .map(Member::name)
                                                .toList())
                                + (group.dcsSilence() == null
                                        ? "."
                                        : ". Its DCS is silent, so they may go by their addresses.")));
    }

    /** The lock that keeps acts of other hosts off lives in the database. */
    static Check alone(Context context) {
        try {
            context.sql().one(One.class, "SELECT 1 AS one");
            return new Check(
                    "no other act can run meanwhile", Verdict.HOLDS, "the database with the cluster's lock answers");
        } catch (ToolException e) {
            return new Check(
                    "no other act can run meanwhile",
                    Verdict.UNKNOWN,
                    (e.code() == ErrorCode.NOT_CONFIGURED
                                    ? "its lock lies in the database"
                                    : "the database cannot be reached")
                            + ", so an act of another host could be running: " + e.text());
        }
    }

    /** Without its DCS Patroni answers a change with nothing at all. Empty where it is reached. */
    static List<Check> dcs(Group group) {
        String silence = group.dcsSilence();
        return silence == null
                ? List.of()
                : List.of(new Check(
                        "Patroni reaches its DCS",
                        Verdict.FAILS,
                        "no member can show it, and without it Patroni changes nothing; repair the DCS first ("
                                + silence.replaceFirst("\\.$", "") + ")"));
    }

    /** Sends it, and makes an error of a refusal, in Patroni's own words. */
    static Hands.Said agreed(Step.Request step, Hands hands) {
        Hands.Said said = hands.send(step);
        if (said.agreed()) {
            return said;
        }
        ErrorCode code = switch (said.status()) {
            case 401, 403 -> ErrorCode.PERMISSION_DENIED;
            case 404, 412 -> ErrorCode.PRECONDITION_FAILED;
            case 409 -> ErrorCode.CONFLICT;
            default -> ErrorCode.UPSTREAM_ERROR;
        };
        throw new ToolException(
                code,
                "Patroni refused " + step.words() + " (" + said.status() + "): " + said.text() + ".",
                code == ErrorCode.PERMISSION_DENIED
                        ? "Set patroni_user and patroni_password."
                        : "patroni_cluster_status shows how it stands.");
    }

    /** Looks twice a second until there is something, or the time is over. What cannot be read meanwhile is no end. */
    static <T> Optional<T> await(long seconds, Hands hands, Context context, String what, Supplier<Optional<T>> look) {
        long started = System.nanoTime();
        long until = started + seconds * 1_000_000_000L;
        while (true) {
            String told = what;
            try {
                Optional<T> found = look.get();
                if (found.isPresent()) {
                    return found;
                }
            } catch (ToolException e) {
                told = what + ": " + e.text();
            }
            if (System.nanoTime() > until || context.call().cancelled()) {
                return Optional.empty();
            }
            hands.progress((System.nanoTime() - started) / 1e9, (double) seconds, told);
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }
}
