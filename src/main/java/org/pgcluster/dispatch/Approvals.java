package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.config.Approval;
import org.pgcluster.config.Mode;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Draft;
import org.pgcluster.guard.Requested;
import org.pgcluster.shape.Canonical;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Plan;

/** Between the plan of an act and its first step: a person. Threads share it. */
final class Approvals {
    private static final Duration PATIENCE = Duration.ofSeconds(45);

    /** Plans in a slot that is given back before anybody is asked. */
    interface Planner {
        <I extends Record, S extends Record, O extends Record & InWords> Plan<S> plan(
                Acts<I, S, O> act, I input, Cluster cluster, Request request);
    }

    private final Workshop workshop;
    private final Planner planner;
    private final Execution execution;

    Approvals(Workshop workshop, Planner planner) {
        this.workshop = workshop;
        this.planner = planner;
        this.execution = new Execution(workshop, this);
    }

    <I extends Record, S extends Record, O extends Record & InWords> Answer go(Wanted<I, S, O> wanted) {
        mayBePlanned(wanted);
        Plan<S> plan = plan(wanted);
        Draft draft = draft(wanted, plan);
        if (wanted.envelope().dryRun()) {
            return planned("A dry run: nobody was asked and nothing was done.", wanted, plan, draft);
        }
        if (wanted.cluster().settings().mode() == Mode.PLAN) {
            return byHand(wanted, plan, draft);
        }
        if (wanted.envelope().approval().isPresent()) {
            return execution.run(wanted, wanted.envelope().approval().get());
        }
        return asked(wanted, plan, draft);
    }

    void mayBePlanned(Wanted<?, ?, ?> wanted) {
        if (!wanted.listed().listedFor(wanted.cluster().settings())) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    wanted.declared().name() + " may not run on "
                            + wanted.cluster().name() + ".",
                    wanted.listed().namedBy(wanted.cluster().settings())
                            ? "Its mode and allow_execute decide: mode: admin and allow_execute: true allow acts."
                            : "Its key acts leaves this one out.");
        }
    }

    <I extends Record, S extends Record, O extends Record & InWords> Plan<S> plan(Wanted<I, S, O> wanted) {
        Plan<S> plan = planner.plan(wanted.act(), wanted.input(), wanted.cluster(), wanted.request());
        if (!plan.failed().isEmpty()) {
            throw new Refused(
                    new ToolException(
                            ErrorCode.PRECONDITION_FAILED,
                            wanted.declared().name() + " cannot be done: " + failing(plan.failed()) + ".",
                            null),
                    Map.of("plan", PlanText.data(plan, draft(wanted, plan).fingerprint())));
        }
        return plan;
    }

    /** Numbered where there are several, since what was found may itself be a list. */
    private static String failing(List<Plan.Check> checks) {
        List<String> words = new ArrayList<>();
        for (Plan.Check check : checks) {
            String number = checks.size() == 1 ? "" : "(" + (words.size() + 1) + ") ";
            words.add(number + check.what() + ": " + check.found().replaceFirst("\\.$", ""));
        }
        return String.join("; ", words);
    }

    Draft draft(Wanted<?, ?, ?> wanted, Plan<?> plan) {
        Map<String, String> arguments = canonical(written(wanted));
        List<String> steps =
                plan.steps().stream().map(step -> Canonical.json(step.parts())).toList();
        return new Draft(
                wanted.declared().name(),
                wanted.cluster().name(),
                wanted.cluster().acting().identity(),
                arguments,
                steps,
                canonical(org.pgcluster.shape.Shape.written(plan.looked())),
                PlanText.text(wanted.declared().name(), wanted.cluster().name(), plan),
                plan.consequences().destroys());
    }

    private static Map<String, String> canonical(Map<String, @Nullable Object> fields) {
        Map<String, String> texts = new TreeMap<>();
        fields.forEach((name, value) -> texts.put(name, Canonical.json(value)));
        return texts;
    }

    private Answer asked(Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft) {
        Approval how = wanted.cluster().settings().approval();
        Optional<Asker> asker = how == Approval.CONSOLE || how == Approval.SELF
                ? Optional.empty()
                : wanted.request().asker();
        if (how == Approval.FORM && asker.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "approval: form asks in the client, and this client cannot show a form.",
                    "Set approval: human to allow the console, too.");
        }
        if (asker.isEmpty()) {
            return waiting(wanted, plan, draft, "");
        }
        String typed = draft.destructive() ? wanted.cluster().name() : "";
        Asker.Consent consent = asker.get().ask(draft.planText(), typed, PATIENCE);
        if (wanted.request().call().cancelled()) {
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled while a person was asked. Nothing was done.", null);
        }
        return switch (consent) {
            case ACCEPTED -> accepted(wanted, draft);
            case DECLINED ->
                throw new ToolException(
                        ErrorCode.NOT_ALLOWED, "The person declined. Nothing was done.", "Ask what they want instead.");
            case DISMISSED -> waiting(wanted, plan, draft, "The form was closed without an answer. ");
            case NO_ANSWER -> waiting(wanted, plan, draft, "Nobody answered the form yet. ");
        };
    }

    private Answer accepted(Wanted<?, ?, ?> wanted, Draft draft) {
        Requested requested = request(wanted, draft, Optional.empty());
        approve(wanted, requested, draft, new Approver(wanted.request().client(), Approver.How.FORM), Optional.empty());
        Duration limit = wanted.cluster().settings().statementTimeout().plusSeconds(5);
        return execution.run(wanted.goingOn(limit), requested.name());
    }

    /** What is not on record does not count as consent. */
    void approve(Wanted<?, ?, ?> wanted, Requested requested, Draft draft, Approver approver, Optional<Duration> life) {
        execution
                .entry(wanted)
                .approval(requested.name(), approver.who(), approver.how().word(), draft.fingerprint());
        workshop.guard().approve(requested.name(), approver, life);
    }

    Requested request(Wanted<?, ?, ?> wanted, Draft draft, Optional<Duration> life) {
        Requested requested = workshop.guard().ask(draft, life);
        execution.entry(wanted).request(requested.name(), draft.fingerprint());
        return requested;
    }

    private Answer waiting(Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft, String first) {
        Requested requested = request(wanted, draft, Optional.empty());
        Map<String, @Nullable Object> structured = structured("approval_required", plan, draft);
        structured.put("request", requestData(requested));
        String text = first + toldHow(wanted, requested) + " The request expires at " + requested.expires() + ".\n\n"
                + draft.planText();
        return new Answer(saying(wanted, text), Masking.notNull(structured), false);
    }

    private String toldHow(Wanted<?, ?, ?> wanted, Requested requested) {
        if (wanted.cluster().settings().approval() == Approval.SELF) {
            return "approval: self: call citus_request_approval_token with this act and its arguments, then repeat the"
                    + " call with the token that it answers.";
        }
        // A secret never stands in a command; where it is no file's, whoever runs the command has to set it.
        String secret = workshop.settings().server().approvalSecret().isPresent()
                ? " (with the server's approval_secret, which the command does not carry unless a file has it)"
                : "";
        return "A person must approve this first; on " + workshop.host() + " they run: " + command(requested) + secret
                + "\nThen repeat the call with approval_token: " + requested.name() + ".";
    }

    /** Shows the plan that no longer fits the approval, with a request for the new one. */
    Refused changed(Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft, ToolException problem) {
        Requested requested = request(wanted, draft, Optional.empty());
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        more.put("plan", PlanText.data(plan, draft.fingerprint()));
        more.put("request", requestData(requested));
        return new Refused(
                problem.withHint("Show the person the new plan; they approve it with: " + command(requested)
                        + ", then repeat the call with approval_token: " + requested.name() + ".\n\n"
                        + draft.planText()),
                more);
    }

    private Answer planned(String first, Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft) {
        return new Answer(
                saying(wanted, first + "\n\n" + draft.planText()),
                Masking.notNull(structured("planned", plan, draft)),
                false);
    }

    private Answer byHand(Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft) {
        List<String> commands = ByHand.commands(plan, wanted.cluster().settings(), database(wanted));
        Map<String, @Nullable Object> structured = structured("planned", plan, draft);
        structured.put("commands", commands);
        String text = "mode: plan only plans. A person can run the steps by hand.\n\n" + draft.planText()
                + ByHand.text(plan, commands);
        return new Answer(saying(wanted, text), Masking.notNull(structured), false);
    }

    private static <I extends Record> String database(Wanted<I, ?, ?> wanted) {
        return wanted.act()
                .database(wanted.input())
                .or(wanted.cluster()::database)
                .orElse("");
    }

    private String saying(Wanted<?, ?, ?> wanted, String text) {
        return workshop.clusters().several() ? wanted.cluster().name() + ": " + text : text;
    }

    private static Map<String, @Nullable Object> structured(String status, Plan<?> plan, Draft draft) {
        Map<String, @Nullable Object> structured = new LinkedHashMap<>();
        structured.put("status", status);
        structured.put("plan", PlanText.data(plan, draft.fingerprint()));
        return structured;
    }

    private Map<String, @Nullable Object> requestData(Requested requested) {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        data.put("name", requested.name());
        data.put("file", requested.file().toString());
        data.put("command", command(requested));
        data.put("host", workshop.host());
        data.put("expires_at", requested.expires().toString());
        return data;
    }

    String command(Requested requested) {
        return Launcher.command() + " approve " + requested.name() + stateFlag();
    }

    private String stateFlag() {
        return Launcher.flags(workshop.settings());
    }

    void letGo() {
        execution.letGo();
    }

    static <I extends Record, O extends Record & InWords> Map<String, @Nullable Object> written(
            Wanted<I, ?, O> wanted) {
        return wanted.declared().input().write(wanted.input());
    }
}
