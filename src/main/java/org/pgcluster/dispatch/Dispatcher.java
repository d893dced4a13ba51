package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Entry;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.config.Problem;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.render.Limits;
import org.pgcluster.render.Rendered;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Problems;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.tool.Tool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journey of a call: explained > visible > bound > limited > audited and approved (acts) > the tool. Threads share
 * it; the protocol, the command line and nobody else call tools, and all of them here.
 */
public final class Dispatcher implements Desk, AutoCloseable {
    /** These tell why the rest is slow, so they must not wait behind it. */
    private static final Set<String> OWN_SLOTS = Set.of(
            "ping",
            "server_info",
            "active_queries",
            "blocking_locks",
            "cancel_query",
            "operation_status",
            "operation_cancel");

    private static final String DIAGNOSIS = "cluster_health";

    private static final String CHANGES = "execute_change";

    private final Workshop workshop;
    private final Approvals approvals;

    public Dispatcher(Workshop workshop) {
        this.workshop = workshop;
        this.approvals = new Approvals(workshop, this::planned);
        workshop.filing(new Filing(workshop, approvals));
    }

    @Override
    public Answer call(Request request) {
        return masked(explained(SecondNames.resolved(request)));
    }

    private Answer explained(Request request) {
        try {
            Listed listed = workshop.catalogue().visible(request.tool());
            return journey(Catalogue.load(listed), listed, request);
        } catch (Refused e) {
            return Answers.failed(e.problem(), e.more());
        } catch (ToolException e) {
            return Answers.failed(withProblems(e), Map.of());
        } catch (Throwable e) { // an Error, too: a client must never be left without an answer
            String id = Long.toHexString(System.nanoTime());
            log().error("{} failed ({})", request.tool(), id, e);
            return Answers.failed(
                    ErrorCode.INTERNAL,
                    "The server failed in a way it should not.",
                    "Its log (stderr) has the details as " + id + ".");
        }
    }

    /** No field: the first reply needs this class, and finding a logger takes a quarter as long as all the rest. */
    private static Logger log() {
        return LoggerFactory.getLogger(Dispatcher.class);
    }

    /** Clients hide what a server says on stderr, so that a faulty configuration is told with every error. */
    private ToolException withProblems(ToolException raw) {
        ToolException e = namingListedActs(raw);
        if (workshop.problems().isEmpty()) {
            return e.code() == ErrorCode.NOT_CONFIGURED ? withPassedOver(e) : e;
        }
        String problems = "The configuration is wrong: " + String.join("; ", workshop.problems());
        return e.withHint(e.hint() == null ? problems : e.hint() + " " + problems);
    }

    /** A file that was passed over is why nothing is configured. */
    private ToolException withPassedOver(ToolException e) {
        String passed = workshop.settings().warnings().stream()
                .filter(warning -> warning.key().equals("config"))
                .map(Problem::text)
                .collect(Collectors.joining(" "));
        return passed.isEmpty() ? e : e.withHint(e.hint() == null ? passed : e.hint() + " " + passed);
    }

    /** A hint that sends to an act which is not offered says what would offer it. */
    private ToolException namingListedActs(ToolException e) {
        String hint = e.hint();
        String why =
                hint != null && hint.contains(CHANGES) ? workshop.catalogue().whyNot(CHANGES) : null;
        return why == null ? e : e.withHint(hint + " It is not listed here: " + why + ".");
    }

    private <I extends Record, O extends Record & InWords> Answer journey(
            Tool<I, O> tool, Listed listed, Request request) {
        Declaration<I, O> declared = tool.declaration();
        Problems problems = new Problems();
        Map<String, @Nullable Object> arguments =
                Synonyms.resolved(listed, declared.input().names(), request.arguments(), problems);
        Envelope envelope = Envelope.open(arguments, listed, problems);
        if (listed.ofCluster()) {
            workshop.clusters().judge(envelope.cluster(), listed.act(), problems);
        }
        boolean marked = marksCursors(declared);
        Onward onward = marked ? Onward.of(envelope.rest()) : new Onward(envelope.rest(), Optional.empty());
        I input = declared.input().bind(onward.arguments(), problems);
        if (tool instanceof Acts<I, ?, O> act) {
            Cluster cluster = workshop.clusters().choose(envelope.cluster(), true);
            return approvals.go(new Wanted<>(act, declared, listed, input, envelope, cluster, request));
        }
        Cluster cluster = listed.ofCluster()
                ? workshop.clusters().choose(envelope.cluster(), false)
                : workshop.clusters().anyOrNone();
        onward.judge(cluster.name());
        Reads<I, O> reading = (Reads<I, O>) tool;
        return workshop.settings().server().auditReads()
                ? recorded(reading, declared, input, cluster, request)
                : read(reading, declared, input, cluster, request);
    }

    private <I extends Record, O extends Record & InWords> Answer recorded(
            Reads<I, O> tool, Declaration<I, O> declared, I input, Cluster cluster, Request request) {
        long started = System.nanoTime();
        String outcome = "failed";
        try {
            Answer answer = read(tool, declared, input, cluster, request);
            outcome = "done";
            return answer;
        } finally {
            entry(request, declared.name(), cluster, declared.input().write(input))
                    .read(outcome, Duration.ofNanos(System.nanoTime() - started));
        }
    }

    private <I extends Record, O extends Record & InWords> Answer read(
            Reads<I, O> tool, Declaration<I, O> declared, I input, Cluster cluster, Request request) {
        Slots.Lane lane = lane(declared.name());
        O output;
        if (declared.name().startsWith("operation_")) { // following holds no slot
            output = tool.read(input, new Context(cluster, request.call(), workshop, apart(lane), request.client()));
        } else {
            try (var slot = workshop.slots().enter(cluster.name(), declared.name(), lane, request.call())) {
                output =
                        tool.read(input, new Context(cluster, request.call(), workshop, apart(lane), request.client()));
            }
        }
        Map<String, @Nullable Object> structured = new LinkedHashMap<>();
        if (declared.reach() == Declaration.Reach.CLUSTER && workshop.clusters().several()) {
            structured.put("cluster", cluster.name());
        }
        structured.putAll(declared.output().write(output));
        if (marksCursors(declared)) {
            Onward.mark(structured, cluster.name());
        }
        String sentence = sayingWhere(declared, cluster, output.inWords());
        return fitted(sentence, structured);
    }

    private boolean marksCursors(Declaration<?, ?> declared) {
        return workshop.clusters().several() && declared.input().names().contains("cursor");
    }

    private static Slots.Lane lane(String tool) {
        return tool.equals(DIAGNOSIS)
                ? Slots.Lane.DIAGNOSING
                : OWN_SLOTS.contains(tool) ? Slots.Lane.LOOKING : Slots.Lane.ORDINARY;
    }

    /** On connections kept apart, too: those of the others may all be waiting for a server that hangs. */
    private static boolean apart(Slots.Lane lane) {
        return lane != Slots.Lane.ORDINARY;
    }

    /** The act's plan, in a slot that is given back before anybody is asked. */
    private <I extends Record, S extends Record, O extends Record & InWords> org.pgcluster.tool.Plan<S> planned(
            Acts<I, S, O> act, I input, Cluster cluster, Request request) {
        String name = act.declaration().name();
        Slots.Lane lane = lane(name);
        try (var slot = workshop.slots().enter(cluster.name(), name, lane, request.call())) {
            return act.plan(input, new Context(cluster, request.call(), workshop, apart(lane), request.client()));
        }
    }

    private String sayingWhere(Declaration<?, ?> declared, Cluster cluster, String sentence) {
        boolean where = declared.reach() == Declaration.Reach.CLUSTER
                && workshop.clusters().several();
        return where ? cluster.name() + ": " + sentence : sentence;
    }

    private Answer fitted(String sentence, Map<String, @Nullable Object> structured) {
        var server = workshop.settings().server();
        Rendered rendered = new Limits(server.maxRows(), server.maxTextBytes()).fit(sentence, structured);
        return new Answer(rendered.text(), Masking.notNull(rendered.structured()), false);
    }

    private Entry entry(Request request, String tool, Cluster cluster, Map<String, @Nullable Object> input) {
        return workshop.audit().entry(request.client(), tool, cluster.name(), JsonText.write(input));
    }

    private Answer masked(Answer answer) {
        return Masking.of(answer, workshop.masks());
    }

    /** What the protocol shows while nothing is loaded. */
    public static Front front(org.pgcluster.config.Settings settings, String packed, String version) {
        Catalogue catalogue = Catalogue.of(settings, packed);
        return new Front(
                "pgcluster-mcp",
                "pgcluster-mcp",
                version,
                Instructions.of(settings, catalogue),
                catalogue.toolsJsonArray());
    }

    /** Their statements go on in the database, and the audit says so. */
    public void letGo() {
        approvals.letGo();
    }

    /** Lets go of acts that run. */
    @Override
    public void close() {
        letGo();
        workshop.close();
    }
}
