package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.toolsets.postgres.Sessions.Place;
import org.pgcluster.toolsets.postgres.Sessions.Seen;

/** Whether a session can be stopped, whether it may be, and whether a person will be glad that it was. */
final class SessionChecks {
    /** PostgreSQL sends these no signal on anybody's behalf. */
    private static final Set<String> BEYOND_REACH = Set.of(
            "archiver",
            "background writer",
            "checkpointer",
            "io worker",
            "logger",
            "startup",
            "walreceiver",
            "walsummarizer",
            "walwriter");

    /** What Citus calls the sessions that it opens between nodes: citus_internal, citus_run_command, citus_rebalancer. */
    private static final Pattern FOR_ANOTHER = Pattern.compile("^citus_\\w+ gpid=(\\d+)");

    private SessionChecks() {}

    static List<Check> of(int pid, Place place, List<Seen> seen, CancelQuery.Input input, boolean manyNodes) {
        String what = "session " + pid + (place.address().isEmpty() ? "" : " on " + place.where());
        Optional<Seen> found = seen.stream().filter(one -> one.pid() == pid).findFirst();
        if (found.isEmpty()) {
            boolean elsewhere =
                    manyNodes && place.address().isEmpty() && input.node().isEmpty();
            return List.of(new Check(
                    what + " exists",
                    Verdict.FAILS,
                    elsewhere
                            ? "there is none on the coordinator; it may have ended, or `node` must say where it is"
                            : "there is none; it may have ended"));
        }
        Seen session = found.get();
        if (session.hidden()) {
            return List.of(
                    new Check(
                            what + " can be told apart",
                            Verdict.FAILS,
                            "its start is hidden from the reading login, so it cannot be known again; grant it pg_read_all_stats"));
        }
        List<Check> checks = new ArrayList<>();
        checks.add(kind(what, session, input.terminate()));
        if (Boolean.FALSE.equals(session.maySignal())) {
            checks.add(new Check(
                    "the acting login may signal " + what,
                    Verdict.FAILS,
                    "it belongs to " + session.userName()
                            + "; a superuser's takes a superuser, another's pg_signal_backend or membership"));
        }
        if (session.seconds() != null && session.seconds() < input.onlyIfRunningS()) {
            checks.add(new Check(
                    what + " has run " + input.onlyIfRunningS() + " s",
                    Verdict.RISKY,
                    "so far " + session.seconds() + " s; it is left alone unless that is over when the act runs"));
        }
        return checks;
    }

    private static Check kind(String what, Seen session, boolean terminate) {
        String type = String.valueOf(session.backendType());
        String words = session.userName() + "@" + session.database() + ", " + session.state() + " for "
                + session.seconds() + " s: " + session.query();
        if (BEYOND_REACH.contains(type)) {
            return new Check(what + " can be signalled", Verdict.FAILS, "it is the " + type + " of the server itself");
        }
        if (session.leaderPid() != null) {
            return new Check(
                    what + " stands for itself",
                    Verdict.RISKY,
                    "it is a parallel worker: its query is that of session " + session.leaderPid());
        }
        if (!type.equals("client backend")) {
            return new Check(
                    what + " is a client", Verdict.RISKY, "it is a " + type + ", which starts again by itself");
        }
        if (String.valueOf(session.application()).startsWith("pgcluster-mcp")) {
            return new Check(
                    what + " is somebody else's",
                    Verdict.RISKY,
                    "it is " + session.application()
                            + ", a session of this kind of server; operation_cancel stops an act");
        }
        Matcher citus = FOR_ANOTHER.matcher(String.valueOf(session.application()));
        if (citus.find()) {
            return new Check(
                    what + " stands for itself",
                    Verdict.RISKY,
                    "it works for session " + citus.group(1)
                            + " of another node, which fails with it; that global pid stops the whole");
        }
        return session.runs() || terminate
                ? new Check(what, Verdict.HOLDS, words)
                : new Check(
                        what + " runs something",
                        Verdict.RISKY,
                        "it does not now, so there is nothing to cancel (terminate ends it); " + words);
    }
}
