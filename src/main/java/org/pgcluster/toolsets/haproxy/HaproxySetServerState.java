package org.pgcluster.toolsets.haproxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.shape.Shape;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Takes a server out of a backend or puts it back, on every HAProxy that can be told. */
public final class HaproxySetServerState
        implements Acts<HaproxySetServerState.Input, HaproxySetServerState.Looked, HaproxySetServerState.Output> {
    record Input(
            @Says("Backend") String backend,
            @Says("Server in it") String server,

            @Says("drain: no new clients; maint: nor checks; ready: back")
            State state,

            @Says("Only this HAProxy") Optional<String> instance) {}

    enum State {
        READY,
        DRAIN,
        MAINT
    }

    record Looked(List<Before> servers) {}

    record Before(String instance, String state, boolean lastOne) {}

    record Output(List<After> servers) implements InWords {
        @Override
        public String inWords() {
            return servers.size() == 1
                    ? "The server's state is now " + servers.get(0).state() + "."
                    : "The server's state is now "
                            + String.join(
                                    ", ",
                                    servers.stream()
                                            .map(one -> one.state() + " on " + one.instance())
                                            .toList())
                            + ".";
        }
    }

    record After(
            String instance,
            String state,
            String check,
            @Nullable Long sessions,
            boolean backendHasServer) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "haproxy_set_server_state",
                "Set a HAProxy server's state",
                Input.class,
                Output.class,
                "Drains a server of a backend, takes it out, or puts it back. Plans first: who is connected, and whether"
                        + " it is the last one. A person approves.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        HaProxy haproxy = context.cluster().components().haproxy();
        Asked asked = Asked.of(input.instance(), context);
        List<Check> checks = new ArrayList<>();
        List<Before> before = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        long sessions = 0;
        for (Proxy proxy : asked.proxies()) {
            Server server = server(input, proxy);
            boolean last = isLast(server, proxy);
            Optional<String> deaf = deaf(input, proxy, haproxy, context);
            if (deaf.isPresent()) {
                checks.add(new Check(proxy.where() + " can be told", Verdict.RISKY, deaf.get()));
                continue;
            }
            before.add(new Before(proxy.where(), server.stateInWords(), last));
            checks.add(lastOne(input, proxy, last));
            sessions += server.sessions() == null ? 0 : server.sessions();
            HaProxy.Request request =
                    haproxy.stateOf(proxy.where(), input.backend(), input.server(), Shape.name(input.state()));
            steps.add(Step.request(
                    Step.Component.HAPROXY,
                    proxy.where(),
                    request.words(),
                    request.form(),
                    context.cluster().settings().httpTimeout()));
        }
        for (Unavailable part : asked.unavailable()) {
            checks.add(new Check(part.where() + " answers", Verdict.UNKNOWN, part.why() + " It goes on as before."));
        }
        checks.add(Plan.check(
                "a HAProxy can be told",
                !steps.isEmpty(),
                steps.isEmpty() && asked.proxies().isEmpty()
                        ? "none answers: "
                                + String.join(
                                        "; ",
                                        asked.unavailable().stream()
                                                .map(Unavailable::why)
                                                .toList())
                        : steps.isEmpty()
                        ? "none: add its runtime socket (unix:/path or tcp:host:port, level admin) to haproxy_urls, or"
                                + " stats admin to the statistics page"
                        : steps.size() + " to tell"));
        return new Plan<>(
                words(input) + " (" + sessions + " sessions now)",
                new Looked(before),
                checks,
                steps,
                consequences(input, sessions));
    }

    /** A page beside a socket is most likely the same HAProxy twice, so it is told only where it is meant. */
    private static Optional<String> deaf(Input input, Proxy proxy, HaProxy haproxy, Context context) {
        if (haproxy.hasSocket(proxy.where())) {
            return Optional.empty();
        }
        if (input.instance().isEmpty() && haproxy.instances().stream().anyMatch(haproxy::hasSocket)) {
            return Optional.of("it is a statistics page beside a runtime socket: unless it shows the same HAProxy, that"
                    + " one goes on as before; `instance` names it");
        }
        return haproxy.canBeTold(proxy.where(), context.cluster().settings().httpTimeout(), context.call())
                ? Optional.empty()
                : Optional.of("its statistics page only reads: no stats admin lets this client change anything");
    }

    private static Server server(Input input, Proxy proxy) {
        return proxy.of(input.backend()).stream()
                .filter(one -> one.name().equals(input.server()))
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        proxy.where() + " has no server " + input.backend() + "/" + input.server() + ".",
                        "haproxy_backend_health shows what there is."));
    }

    private static boolean isLast(Server server, Proxy proxy) {
        return server.serves()
                && proxy.of(server.backend()).stream().filter(Server::serves).count() == 1;
    }

    private static Check lastOne(Input input, Proxy proxy, boolean last) {
        return last && input.state() != State.READY
                ? new Check(
                        "another server remains on " + proxy.where(),
                        Verdict.RISKY,
                        input.server() + " is the last of " + input.backend()
                                + ": every new client gets its connection closed until one is back")
                : new Check("another server remains on " + proxy.where(), Verdict.HOLDS, "or none is taken out");
    }

    private static String words(Input input) {
        String where = input.backend() + "/" + input.server();
        return switch (input.state()) {
            case READY -> "Puts " + where + " back under its checks";
            case DRAIN -> "Drains " + where + ": no new clients, those there stay";
            case MAINT -> "Takes " + where + " out: no new clients, no checks";
        };
    }

    private static Consequences consequences(Input input, long sessions) {
        return new Consequences(
                "",
                sessions
                        + " sessions are connected; they stay, unless on-marked-down shutdown-sessions is set and the state is"
                        + " maint.",
                "haproxy_backend_health",
                "",
                input.state() == State.READY
                        ? "haproxy_set_server_state with drain or maint."
                        : "haproxy_set_server_state with ready. A reload of HAProxy forgets it as well.",
                "Each HAProxy is told on its own; those after a failure go on as before.",
                false,
                Map.of());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        for (Step step : plan.steps()) {
            Hands.Said said = hands.send((Step.Request) step);
            if (!said.text().isEmpty()) {
                throw refused((Step.Request) step, said.text());
            }
        }
        Asked asked = Asked.of(input.instance(), context);
        List<After> after = new ArrayList<>();
        for (Proxy proxy : asked.proxies()) {
            Server server = server(input, proxy);
            after.add(new After(
                    proxy.where(),
                    server.stateInWords(),
                    server.check(),
                    server.sessions(),
                    proxy.of(input.backend()).stream().anyMatch(Server::serves)));
        }
        return new Output(after);
    }

    /** HAProxy answers nothing where it agrees. */
    private static ToolException refused(Step.Request step, String said) {
        boolean denied = said.toLowerCase(Locale.ROOT).contains("permission denied");
        return new ToolException(
                denied ? ErrorCode.PERMISSION_DENIED : ErrorCode.UPSTREAM_ERROR,
                step.where() + " refused: " + said + ".",
                denied ? "Its socket needs level admin." : "haproxy_backend_health shows the state.");
    }
}
