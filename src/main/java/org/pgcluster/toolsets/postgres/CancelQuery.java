package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.Sessions.Place;
import org.pgcluster.toolsets.postgres.Sessions.Seen;

/** Stops what sessions run, or ends the sessions. Each is hit only while it is still the one that was looked at. */
public final class CancelQuery implements Acts<CancelQuery.Input, CancelQuery.Looked, CancelQuery.Output> {
    private static final long LOOK_FOR_NANOS = 3_000_000_000L;

    record Input(
            @Says("As active_queries names them, or Citus global pids") @Range(min = 1, max = 100)
            List<Long> pids,

            @Says("Where the pids are: id or host:port") Optional<String> node,

            @Says("End the sessions") @Default("false") boolean terminate,

            @Says("Only what has run this long") @Default("0") @Range(min = 0)
            int onlyIfRunningS) {}

    record Looked(List<Target> sessions) {}

    /** A session is the same while pid and start are; its statement while that started at the same time. */
    record Target(
            Place place,
            int pid,
            @Nullable Instant backendStart,
            @Nullable Instant queryStart,
            @Nullable String userName,
            @Nullable String database,
            @Nullable String application,
            @Nullable String backendType,
            @Nullable String query) {
        static Target of(Place place, Seen seen) {
            return new Target(
                    place,
                    seen.pid(),
                    seen.backendStart(),
                    seen.queryStart(),
                    seen.userName(),
                    seen.database(),
                    seen.application(),
                    seen.backendType(),
                    seen.query());
        }
    }

    record Output(List<Result> sessions, int stopped) implements InWords {
        @Override
        public String inWords() {
            return stopped + " of " + sessions.size() + " stopped.";
        }
    }

    record Result(int pid, String where, boolean signalled, String now) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "cancel_query",
                "Cancel queries",
                Input.class,
                Output.class,
                "Cancels what sessions run, or ends the sessions, on any node. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Sessions sessions = new Sessions(context);
        List<Check> checks = new ArrayList<>();
        List<Target> targets = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        sessions.placed(input.pids(), input.node()).forEach((place, pids) -> {
            List<Seen> seen = sessions.on(place, pids);
            pids.forEach(pid -> checks.addAll(SessionChecks.of(pid, place, seen, input, sessions.manyNodes())));
            List<Target> here = seen.stream().map(one -> Target.of(place, one)).toList();
            targets.addAll(here);
            steps.add(SignalStep.of(place, here, input));
        });
        String count = targets.size() + (targets.size() == 1 ? " session" : " sessions");
        return new Plan<>(
                (input.terminate() ? "Ends " : "Cancels what runs in ") + count,
                new Looked(targets),
                checks,
                steps,
                consequences(input));
    }

    private static Consequences consequences(Input input) {
        return new Consequences(
                "",
                "",
                "active_queries shows whether they still run.",
                "",
                input.terminate()
                        ? "None: the sessions' open transactions are rolled back and their clients must reconnect."
                        : "None: the statements end with an error and their transactions must be rolled back.",
                "",
                false,
                Map.of());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<SignalStep.Signalled> signalled = new ArrayList<>();
        plan.steps().forEach(step -> signalled.addAll(SignalStep.send((Step.Statement) step, plan.looked(), hands)));
        Sessions sessions = new Sessions(context);
        List<Result> results = new ArrayList<>();
        for (Target target : plan.looked().sessions()) {
            SignalStep.Signalled one = signalled.stream()
                    .filter(hit -> hit.pid() == target.pid()
                            && hit.where().equals(target.place().where()))
                    .findFirst()
                    .orElse(new SignalStep.Signalled(target.place().where(), target.pid(), false, null));
            String now = one.signalled()
                    ? became(target, input, sessions)
                    : one.problem() != null ? one.problem() : untouched(target, input, sessions);
            results.add(new Result(target.pid(), target.place().where(), one.signalled(), now));
        }
        int stopped = (int)
                results.stream().filter(one -> one.now().startsWith("stopped")).count();
        return new Output(results, stopped);
    }

    private static String untouched(Target target, Input input, Sessions sessions) {
        Optional<Seen> now =
                sessions.on(target.place(), List.of(target.pid())).stream().findFirst();
        boolean same = now.isPresent()
                && Objects.equals(now.get().backendStart(), target.backendStart())
                && Objects.equals(now.get().queryStart(), target.queryStart());
        if (!same) {
            return "not touched: it had changed or ended";
        }
        Long seconds = now.get().seconds();
        return seconds != null && seconds < input.onlyIfRunningS()
                ? "not touched: it has run " + seconds + " s, less than the " + input.onlyIfRunningS() + " asked for"
                : "not touched: it was doing nothing, or the server refused the signal";
    }

    /** The signal is only a request: looks until the statement is gone or the time is over. */
    private static String became(Target target, Input input, Sessions sessions) {
        long until = System.nanoTime() + LOOK_FOR_NANOS;
        while (true) {
            List<Seen> now = sessions.on(target.place(), List.of(target.pid()));
            if (now.isEmpty() || !Objects.equals(now.get(0).backendStart(), target.backendStart())) {
                return "stopped: the session has ended";
            }
            boolean same = now.get(0).runs() && Objects.equals(now.get(0).queryStart(), target.queryStart());
            if (!same && !input.terminate()) {
                return "stopped: the session is " + now.get(0).state();
            }
            if (System.nanoTime() > until) {
                return "asked to stop, still there after 3 s: it may be undoing its work; active_queries shows it";
            }
            java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
        }
    }
}
