package org.pgcluster.toolsets.haproxy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Routing;
import org.pgcluster.checks.Routing.Wrong;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.shape.Shape;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Which servers get connections, what their checks found, and which Patroni member each is. */
public final class HaproxyBackendHealth implements Reads<HaproxyBackendHealth.Input, HaproxyBackendHealth.Output> {
    record Input(
            @Says("Only this backend") Optional<String> backend,
            @Says("Only this HAProxy") Optional<String> instance) {}

    record Output(List<Row> servers, List<String> wrong, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            Map<String, List<Row>> instances =
                    servers.stream().collect(Collectors.groupingBy(Row::instance, LinkedHashMap::new, Collectors.toList()));
            String first = Each.inWords(
                    instances,
                    rows -> rows.stream().filter(Row::serves).count() + " of " + rows.size()
                            + " servers get connections");
            return wrong.isEmpty() ? first : first + " Wrong: " + String.join("; ", wrong) + ".";
        }
    }

    record Row(
            String instance,
            String backend,
            String server,
            boolean serves,
            String status,
            String check,
            @Nullable String address,
            @Nullable Integer checkPort,
            @Nullable String patroniRole,
            @Nullable Long weight,
            @Nullable Long sessions,
            @Nullable Long lastChangeSeconds,
            @Nullable Long timesDown) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "haproxy_backend_health",
                "HAProxy backends",
                Input.class,
                Output.class,
                "Which servers of each backend get connections, what their checks say in plain words, which Patroni member"
                        + " each is, and whether it routes to the leader.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.instance(), context);
        List<Unavailable> unavailable = new ArrayList<>(asked.unavailable());
        List<Group> groups = groups(context, unavailable);
        List<Row> rows = new ArrayList<>();
        List<Wrong> wrongs = new ArrayList<>(Routing.differences(asked.proxies()));
        for (Proxy proxy : asked.proxies()) {
            proxy.servers().forEach(server -> rows.add(row(proxy, server, groups)));
            wrongs.addAll(Routing.wrongs(proxy, groups));
        }
        if (input.backend().isPresent()) {
            only(input.backend().get(), rows, wrongs);
        }
        return new Output(rows, wrongs.stream().map(Wrong::words).distinct().toList(), unavailable);
    }

    private static void only(String backend, List<Row> rows, List<Wrong> wrongs) {
        List<String> names = rows.stream().map(Row::backend).distinct().toList();
        rows.removeIf(row -> !row.backend().equals(backend));
        wrongs.removeIf(wrong -> !wrong.backend().equals(backend));
        if (rows.isEmpty() && !names.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND,
                    "There is no backend " + backend + ".",
                    "The backends with servers are " + String.join(", ", names) + ".");
        }
    }

    /** Without Patroni the servers are still told, only not who they are. */
    static List<Group> groups(Context context, List<Unavailable> unavailable) {
        if (!context.cluster().components().hasPatroni()) {
            return List.of();
        }
        try {
            return context.cluster()
                    .patroni(context.call(), context.cluster().settings().httpTimeout())
                    .groups();
        } catch (ToolException e) {
            unavailable.add(new Unavailable("patroni", "all groups", e.text()));
            return List.of();
        }
    }

    private static Row row(Proxy proxy, Server server, List<Group> groups) {
        Optional<Member> member = Routing.member(server, groups);
        return new Row(
                proxy.where(),
                server.backend(),
                server.name(),
                server.serves(),
                server.stateInWords(),
                server.check(),
                server.address(),
                server.checkPort(),
                member.map(Member::role).orElse(null),
                server.weight(),
                server.sessions(),
                server.lastChangeSeconds(),
                server.timesDown());
    }
}
