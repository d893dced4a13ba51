package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.patroni.Settings;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** Who could lead, how far each is behind, and who may not and why: by the rules that Patroni itself goes by. */
final class Candidates {
    private final Group group;
    private final boolean failover;
    private final long mostLag;
    private final boolean synchronous;
    private final boolean quorum;

    Candidates(Group group, boolean failover) {
        this.group = group;
        this.failover = failover;
        this.mostLag = group.settings().map(Settings::maximumLagOnFailover).orElse(1_048_576L);
        String mode = group.settings().map(Settings::synchronous).orElse("off");
        this.synchronous = !mode.equals("off");
        this.quorum = mode.equals("quorum");
    }

    List<Check> checks(Optional<String> wanted) {
        List<Check> checks = new ArrayList<>();
        boolean any = group.replicas().stream().anyMatch(member -> obstacle(member) == null);
        if (wanted.isEmpty() && !any) {
            checks.add(new Check("somebody may take over", Verdict.FAILS, "no good candidate: " + inWords()));
        }
        if (wanted.isPresent() && group.named(wanted.get()).isEmpty()) {
            checks.add(new Check(
                    "the candidate exists", Verdict.FAILS, "there is no member " + wanted.get() + "; " + inWords()));
        }
        for (Member member : group.members()) {
            boolean leads = group.leader().map(member::equals).orElse(false);
            boolean meant = wanted.map(member.name()::equals).orElse(false);
            if (leads && meant) {
                checks.add(new Check("the candidate is another", Verdict.FAILS, member.name() + " leads already"));
            } else if (!leads) {
                checks.add(check(member, meant, wanted.isEmpty() || meant));
            }
        }
        return checks;
    }

    private Check check(Member member, boolean named, boolean possible) {
        String what = member.name() + (named ? " can lead" : " could lead");
        String obstacle = obstacle(member);
        if (obstacle != null) {
            return new Check(what, named ? Verdict.FAILS : Verdict.HOLDS, "it may not: " + obstacle);
        }
        Long lag = lag(member);
        if (member.own().isEmpty()) {
            return new Check(
                    what, possible ? Verdict.UNKNOWN : Verdict.HOLDS, "it does not answer: " + member.silence());
        }
        if (lag == null) {
            return new Check(
                    what, possible ? Verdict.UNKNOWN : Verdict.HOLDS, "its lag is unknown: commits may be lost");
        }
        if (lag > mostLag && possible) {
            return new Check(
                    what, Verdict.RISKY, lag + " bytes behind, beyond maximum_lag_on_failover (" + mostLag + ")");
        }
        boolean asynchronous = synchronous && !group.synchronousStandbys().contains(member.name());
        if (asynchronous && possible) {
            return new Check(
                    what, Verdict.RISKY, lag + " bytes behind, and it is not synchronous: commits may be lost");
        }
        return new Check(what, Verdict.HOLDS, member.role() + ", " + member.state() + ", " + lag + " bytes behind");
    }

    String inWords() {
        return String.join("; ", everybody());
    }

    /** What each member is, and of those that do not lead, why one may not. */
    List<String> everybody() {
        return group.members().stream().map(this::inWords).toList();
    }

    private String inWords(Member member) {
        boolean leads = group.leader().map(member::equals).orElse(false);
        String obstacle = leads ? null : obstacle(member);
        Long lag = leads ? null : lag(member);
        return member.name() + " is " + member.role() + ", " + member.state()
                + (member.own().isEmpty() ? " by the DCS and does not answer: " + ended(member.silence()) : "")
                + (lag == null ? "" : ", " + lag + " bytes behind")
                + (obstacle == null ? "" : ", and may not lead: " + obstacle);
    }

    private static String ended(@Nullable String sentence) {
        String text = String.valueOf(sentence);
        return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    }

    /** Why Patroni would refuse. */
    private @Nullable String obstacle(Member member) {
        if (member.mayNeverLead()) {
            return "it has the tag " + (member.hasTag("nofailover") ? "nofailover" : "failover_priority 0");
        }
        if (synchronous && !group.synchronousStandbys().contains(member.name())) {
            boolean none = group.synchronousStandbys().isEmpty();
            if (!failover && !(quorum && none)) {
                return "in synchronous mode only a synchronous standby may" + (none ? ", and there is none" : "");
            }
            Optional<String> old = group.leader().flatMap(Member::own).flatMap(Candidates::tooOld);
            if (failover && old.isPresent()) {
                return "while the leader lives Patroni " + old.get() + " fails over to a synchronous standby only";
            }
        }
        return member.own().isPresent() && !member.healthy() ? "it is " + member.state() : null;
    }

    /** Since 3.2 a living leader hands over to an asynchronous member, too, where a failover names it. */
    private static Optional<String> tooOld(OwnView own) {
        int number = own.patroniNumber();
        return number > 0 && number < 302 ? Optional.ofNullable(own.patroniVersion()) : Optional.empty();
    }

    /** By the positions that leader and replica tell now, else what Patroni wrote a loop ago. */
    private @Nullable Long lag(Member member) {
        Long leads = group.leader().flatMap(Member::own).map(OwnView::location).orElse(null);
        Long received = member.own().map(OwnView::received).orElse(null);
        Long replayed = member.own().map(OwnView::replayed).orElse(null);
        Long furthest = received == null ? replayed : replayed == null ? received : (Long) Math.max(received, replayed);
        return leads == null || furthest == null ? member.lagBytes() : (Long) Math.max(0, leads - furthest);
    }

    Optional<String> best() {
        return group.replicas().stream()
                .filter(member -> obstacle(member) == null && member.own().isPresent())
                .min((one, other) -> Long.compare(rank(one), rank(other)))
                .map(Member::name);
    }

    private long rank(Member member) {
        Long lag = lag(member);
        boolean standby = group.synchronousStandbys().contains(member.name());
        return (lag == null ? Long.MAX_VALUE / 2 : lag) + (synchronous && !standby ? Long.MAX_VALUE / 4 : 0);
    }

    boolean mayLose(String candidate) {
        Long lag = group.named(candidate).map(this::lag).orElse(null);
        return lag == null || (lag > 0 && group.leader().flatMap(Member::own).isEmpty());
    }

    /** A switchover waits until the candidate has everything; a failover takes what is there. */
    String atRisk(String candidate) {
        Long lag = group.named(candidate).map(this::lag).orElse(null);
        boolean lives = group.leader().flatMap(Member::own).map(OwnView::leads).orElse(false);
        if (!failover && lives) {
            return "Nothing: the old leader stops first and hands over the rest.";
        }
        if (lag != null && !lives) {
            return "By what Patroni last wrote " + candidate + " was " + lag
                    + " bytes behind; what was committed since then"
                    + (group.synchronousStandbys().contains(candidate)
                            ? " is there, too: it is synchronous."
                            : " may be lost.");
        }
        return lag == null
                ? "In the worst case all commits that "
                        + (group.named(candidate).isPresent() ? candidate : "the new leader")
                        + " has not received; how many is unknown."
                : lag == 0
                        ? "What is committed from now until it leads and does not reach " + candidate
                                + " in time; now it has everything."
                        : "In the worst case the " + lag + " bytes of WAL that " + candidate + " has not received.";
    }
}
