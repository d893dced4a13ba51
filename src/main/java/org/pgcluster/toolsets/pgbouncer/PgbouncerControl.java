package org.pgcluster.toolsets.pgbouncer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.pgbouncer.Bouncer;
import org.pgcluster.pgbouncer.PgBouncer;
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
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Pauses, resumes, reloads, reconnects or kills a database of PgBouncer. A pause that does not end in time is undone. */
public final class PgbouncerControl
        implements Acts<PgbouncerControl.Input, PgbouncerControl.Looked, PgbouncerControl.Output> {
    record Input(
            @Says("What to do") Action action,
            @Says("Only this database") Optional<String> database,

            @Says("A pause gives up after this") @Default("20") @Range(min = 1, max = 600)
            int timeoutSeconds,

            @Says("Only this PgBouncer") Optional<String> instance) {
        Input {
            if (database.isPresent() && action == Action.RELOAD) {
                throw ToolException.invalidInput(
                        "`database` has no meaning for reload: it reads the whole file again.", null);
            }
            if (database.isEmpty() && action == Action.KILL) {
                throw ToolException.invalidInput("`database` is required for kill.", null);
            }
        }
    }

    enum Action {
        PAUSE,
        RESUME,
        RELOAD,
        RECONNECT,
        KILL
    }

    record Looked(List<Before> databases, boolean admin) {}

    record Before(String instance, String database, boolean paused) {}

    record Output(List<After> databases, List<String> silent) implements InWords {
        @Override
        public String inWords() {
            long paused = databases.stream().filter(After::paused).count();
            long clients = databases.stream().mapToLong(After::clients).sum();
            return "Done. " + paused + " of " + databases.size() + " databases are paused; " + clients + " clients."
                    + (silent.isEmpty() ? "" : " Could not be read again: " + String.join("; ", silent) + ".");
        }
    }

    record After(String instance, String database, boolean paused, long clients, long waiting, long servers) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "pgbouncer_control",
                "Control PgBouncer",
                Input.class,
                Output.class,
                "Pauses, resumes, reloads, reconnects or kills. Plans first: which clients it hits. A pause that does not end"
                        + " in time is resumed. A person approves.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        PgBouncer pgbouncer = context.cluster().components().pgbouncer();
        List<String> instances = PgbouncerStatus.instances(pgbouncer, input.instance());
        Duration limit = context.cluster().settings().httpTimeout();
        PgBouncer.Observed observed = pgbouncer.read(instances, limit, Duration.ZERO, context.call());
        List<Check> checks = new ArrayList<>();
        List<Before> before = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        long clients = 0;
        boolean admin = true;
        for (Bouncer bouncer : observed.bouncers()) {
            List<Bouncer.Database> hit = hit(input, bouncer);
            checks.add(exists(input, bouncer, hit));
            checks.add(Plan.check(
                    "this login may control " + bouncer.where(),
                    bouncer.admin(),
                    bouncer.admin() ? "it is in admin_users" : "it is not in admin_users"));
            admin &= bouncer.admin();
            hit.forEach(one -> before.add(new Before(bouncer.where(), one.name(), one.paused())));
            clients += clients(bouncer, hit);
            steps.addAll(steps(input, bouncer, limit));
        }
        observed.silent()
                .forEach(one -> checks.add(
                        new Check(one.where() + " answers", Verdict.UNKNOWN, one.why() + " It goes on as before.")));
        checks.add(Plan.check(
                "a PgBouncer answers",
                !steps.isEmpty(),
                steps.isEmpty() && !observed.silent().isEmpty()
                        ? String.join(
                                "; ",
                                observed.silent().stream().map(Silent::why).toList())
                        : observed.bouncers().size() + " of " + instances.size()));
        return new Plan<>(
                words(input) + " (" + clients + (clients == 1 ? " client)" : " clients)"),
                new Looked(before, admin),
                checks,
                steps,
                consequences(input, clients));
    }

    private static List<Bouncer.Database> hit(Input input, Bouncer bouncer) {
        return bouncer.databases().stream()
                .filter(one ->
                        input.database().isEmpty() || input.database().get().equals(one.name()))
                .toList();
    }

    private static Check exists(Input input, Bouncer bouncer, List<Bouncer.Database> hit) {
        String names = String.join(
                ", ", bouncer.databases().stream().map(Bouncer.Database::name).toList());
        return Plan.check(
                "the database is known to " + bouncer.where(),
                input.database().isEmpty() || !hit.isEmpty(),
                hit.isEmpty() ? "it knows " + names : hit.size() + " of: " + names);
    }

    private static long clients(Bouncer bouncer, List<Bouncer.Database> hit) {
        return bouncer.pools().stream()
                .filter(pool -> hit.stream().anyMatch(one -> one.name().equals(pool.database())))
                .mapToLong(pool -> pool.clientsActive() + pool.clientsWaiting())
                .sum();
    }

    private static List<Step> steps(Input input, Bouncer bouncer, Duration limit) {
        String on = input.database().map(name -> " " + quoted(name)).orElse("");
        boolean pause = input.action() == Action.PAUSE;
        List<Step> steps = new ArrayList<>();
        steps.add(Step.request(
                Step.Component.PGBOUNCER,
                bouncer.where(),
                input.action().name() + on,
                "",
                pause ? Duration.ofSeconds(input.timeoutSeconds()) : limit));
        if (pause) {
            steps.add(
                    Step.requestIfAnEarlierOneFailed(Step.Component.PGBOUNCER, bouncer.where(), "RESUME" + on, limit));
        }
        return steps;
    }

    /** The console reads names as SQL does. */
    private static String quoted(String name) {
        return name.matches("[a-z_][a-z0-9_]*") ? name : "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private static String words(Input input) {
        String what = input.database().orElse("every database");
        return switch (input.action()) {
            case PAUSE -> "Pauses " + what + ": clients wait until it is resumed";
            case RESUME -> "Resumes " + what;
            case RELOAD -> "Reads the configuration file again";
            case RECONNECT -> "Gives " + what + " new server connections as old ones become free";
            case KILL -> "Ends all connections of " + what + " at once, of clients and to servers";
        };
    }

    private static Consequences consequences(Input input, long clients) {
        boolean kills = input.action() == Action.KILL;
        return new Consequences(
                input.action() == Action.PAUSE
                        ? "Running transactions end first, for at most " + input.timeoutSeconds()
                                + " s; new queries wait."
                        : "",
                kills ? clients + " clients lose their connection in the middle of what they do." : "",
                "pgbouncer_status",
                input.action() == Action.PAUSE ? "pgbouncer_control with resume." : "",
                switch (input.action()) {
                    case PAUSE, KILL -> "pgbouncer_control with resume lets clients in again.";
                    case RESUME -> "pgbouncer_control with pause.";
                    default -> "None is needed.";
                },
                "Each PgBouncer is told on its own; those after a failure go on as before.",
                kills,
                Map.of());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        for (Step step : plan.steps()) {
            if (step.when() == Step.When.IN_ORDER) {
                try {
                    hands.send((Step.Request) step);
                } catch (ToolException e) {
                    throw undone((Step.Request) step, plan, hands, e);
                }
            }
        }
        return proof(input, context);
    }

    /** A pause that hangs is worse than none: every client would wait behind the one transaction that does not end. */
    private static ToolException undone(Step.Request failed, Plan<Looked> plan, Hands hands, ToolException e) {
        Optional<Step.Request> resume = plan.steps().stream()
                .map(step -> (Step.Request) step)
                .filter(step -> step.when() == Step.When.IF_AN_EARLIER_ONE_FAILED
                        && step.where().equals(failed.where()))
                .findFirst();
        if (resume.isEmpty()) {
            return e;
        }
        try {
            hands.send(resume.get());
            return new ToolException(
                    ErrorCode.CONFLICT,
                    "The pause did not end within " + failed.patience().toSeconds()
                            + " s and was resumed: a transaction" + " runs longer.",
                    "active_queries shows it; wait for its end, or give timeout_seconds more.");
        } catch (ToolException other) {
            return e.withHint("It may be paused still, and RESUME failed, too: " + other.text());
        }
    }

    private static Output proof(Input input, Context context) {
        PgBouncer pgbouncer = context.cluster().components().pgbouncer();
        PgBouncer.Observed observed = pgbouncer.read(
                PgbouncerStatus.instances(pgbouncer, input.instance()),
                context.cluster().settings().httpTimeout(),
                Duration.ZERO,
                context.call());
        List<After> after = new ArrayList<>();
        for (Bouncer bouncer : observed.bouncers()) {
            for (Bouncer.Database one : hit(input, bouncer)) {
                long waiting = bouncer.pools().stream()
                        .filter(pool -> pool.database().equals(one.name()))
                        .mapToLong(Bouncer.Pool::clientsWaiting)
                        .sum();
                after.add(new After(
                        bouncer.where(),
                        one.name(),
                        one.paused(),
                        clients(bouncer, List.of(one)),
                        waiting,
                        one.currentConnections()));
            }
        }
        return new Output(after, observed.silent().stream().map(Silent::why).toList());
    }
}
