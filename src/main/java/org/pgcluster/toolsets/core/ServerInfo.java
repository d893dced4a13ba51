package org.pgcluster.toolsets.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Components.Sighting;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.InWords;
import org.pgcluster.snapshot.Everywhere;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What this server is, what it may do, and what it is connected to. */
public final class ServerInfo implements Reads<ServerInfo.Input, ServerInfo.Output> {
    private static final Duration EACH = Duration.ofSeconds(3);

    record Input() {}

    record Output(
            String version,
            String cluster,
            String mode,
            boolean actsRun,
            List<String> problems,
            List<Node> nodes,
            List<Extension> extensions,
            List<Component> components,
            List<Off> switchedOff,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String acts = actsRun ? "acts run once approved" : "acts do not run";
            return "pgcluster-mcp " + version + ", " + mode + " (" + acts + ")"
                    + (problems.isEmpty() ? "." : ". The configuration has " + problems.size() + " problems.");
        }
    }

    record Node(
            String component,
            String where,
            String version,
            String database,
            String user,
            boolean superuser,
            boolean standby,
            boolean behindPooler,
            List<String> rights) {}

    record Extension(String name, String version) {}

    record Component(
            String component, String where, @Nullable String version) {}

    record Off(String why, List<String> tools) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "server_info",
                "About this server",
                Input.class,
                Output.class,
                "Version, mode, what the login may do on each database server, extensions, and which tools are switched"
                        + " off by which key.");
    }

    @Override
    public Output read(Input input, Context context) {
        List<Found> answers = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        List<Sighting> sightings = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        Cluster cluster = context.cluster();
        Call call = context.call().atMost(EACH); // who hangs is waited for once, whatever is asked of it
        List<Runnable> questions = List.of(
                () -> {
                    var asked = Everywhere.ask(cluster, call, EACH, Found::ask);
                    answers.addAll(asked.answers());
                    unavailable.addAll(Unread.parts(asked.unavailable()));
                },
                () -> sightings.addAll(cluster.components().sightings(call, EACH)),
                () -> problems.addAll(problems(context, call)));
        try (var handle = context.call().onCancel(call::cancel)) {
            Together.run(questions);
        }
        List<Component> components = new ArrayList<>();
        for (Sighting one : sightings) {
            if (one.why() == null) {
                components.add(new Component(one.component(), one.where(), one.version()));
            } else {
                unavailable.add(new Unavailable(one.component(), one.where(), one.why()));
            }
        }
        Map<String, List<String>> off = new LinkedHashMap<>();
        context.server()
                .switchedOff()
                .forEach((tool, why) ->
                        off.computeIfAbsent(why, none -> new ArrayList<>()).add(tool));
        return new Output(
                context.server().version(),
                cluster.name(),
                cluster.modeInWords(),
                cluster.actsRun(),
                problems,
                answers.stream().map(Found::node).toList(),
                extensions(answers),
                components,
                off.entrySet().stream()
                        .map(one -> new Off(one.getKey(), one.getValue()))
                        .toList(),
                unavailable);
    }

    private static List<String> problems(Context context, Call call) {
        List<String> problems = new ArrayList<>(context.server().problems());
        try {
            for (String signature : context.cluster().allowedInVain(call)) {
                problems.add("allowed_functions: " + signature + " names no function of the database.");
            }
        } catch (ToolException e) {
            return problems; // who cannot be reached stands under unavailable
        }
        return problems;
    }

    private record Found(String component, String where, Capabilities capabilities) {
        static Found ask(String component, String where, Sql sql) {
            return new Found(component, where, sql.capabilities());
        }

        Node node() {
            return ServerInfo.node(component, where, capabilities);
        }
    }

    /** Those of the database that SQL is read from. */
    private static List<Extension> extensions(List<Found> servers) {
        return servers.stream()
                .filter(server -> server.component().equals("postgres"))
                .flatMap(server -> server.capabilities().extensions().entrySet().stream())
                .sorted(Map.Entry.comparingByKey())
                .map(one -> new Extension(one.getKey(), one.getValue()))
                .toList();
    }

    private static Node node(String component, String where, Capabilities found) {
        List<String> rights = new ArrayList<>(found.roles());
        rights.removeIf(role -> !role.startsWith("pg_") || found.superuser());
        return new Node(
                component,
                where,
                found.version(),
                found.database(),
                found.user(),
                found.superuser(),
                found.standby(),
                found.behindPooler(),
                rights);
    }
}
