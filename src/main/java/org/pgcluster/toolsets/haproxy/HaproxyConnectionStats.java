package org.pgcluster.toolsets.haproxy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Sessions against limits, queues and errors. */
public final class HaproxyConnectionStats
        implements Reads<HaproxyConnectionStats.Input, HaproxyConnectionStats.Output> {
    private static final int NEARLY_FULL_PERCENT = 80;

    record Input(@Says("Only this HAProxy") Optional<String> instance) {}

    record Output(List<Instance> processes, List<Row> rows, List<String> remarks, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Map<String, Long> sessions = new LinkedHashMap<>();
            rows.stream()
                    .filter(row -> row.kind().equals("frontend"))
                    .forEach(row -> sessions.merge(row.instance(), row.sessions() == null ? 0 : row.sessions(), Long::sum));
            return Each.inWords(sessions, count -> count + (count == 1 ? " session now" : " sessions now"))
                    + (remarks.isEmpty() ? "" : " " + String.join(". ", remarks) + ".");
        }
    }

    record Instance(
            String instance,
            String version,
            long uptimeSeconds,
            long connections,
            long mostConnections,
            @Nullable Long idlePercent,
            boolean stopping) {}

    /** Errors and retries are counted since HAProxy started. */
    record Row(
            String instance,
            String kind,
            String name,
            String status,
            @Nullable Long sessions,
            @Nullable Long most,
            @Nullable Long limit,
            @Nullable Long perSecond,
            @Nullable Long queue,
            @Nullable Long requestErrors,
            @Nullable Long connectErrors,
            @Nullable Long responseErrors,
            @Nullable Long retries) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "haproxy_connection_stats",
                "HAProxy connections",
                Input.class,
                Output.class,
                "Sessions now and at most against their limits, rates, queues, errors and retries of every frontend,"
                        + " backend and server.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.instance(), context);
        List<Instance> processes = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        for (Proxy proxy : asked.proxies()) {
            Proxy.Running process = proxy.process();
            if (process != null) {
                processes.add(new Instance(
                        proxy.where(),
                        process.version(),
                        process.uptimeSeconds(),
                        process.connections(),
                        process.mostConnections(),
                        process.idlePercent(),
                        process.stopping()));
            }
            proxy.fronts().forEach(front -> rows.add(row(proxy, front)));
            proxy.backs().stream()
                    .filter(back -> !proxy.of(back.name()).isEmpty())
                    .forEach(back -> rows.add(row(proxy, back)));
            proxy.servers().forEach(server -> rows.add(row(proxy, server)));
        }
        List<String> remarks = Stream.concat(rows.stream().flatMap(HaproxyConnectionStats::remarks), full(processes))
                .distinct()
                .toList();
        return new Output(processes, rows, remarks, asked.unavailable());
    }

    private static Row row(Proxy proxy, Proxy.Front front) {
        return new Row(
                proxy.where(),
                "frontend",
                front.name(),
                front.status(),
                front.sessions(),
                front.mostSessions(),
                front.limit(),
                front.rate(),
                null,
                front.requestErrors(),
                null,
                null,
                null);
    }

    private static Row row(Proxy proxy, Proxy.Back back) {
        return new Row(
                proxy.where(),
                "backend",
                back.name(),
                back.status(),
                back.sessions(),
                back.mostSessions(),
                null,
                null,
                back.queue(),
                null,
                back.connectErrors(),
                null,
                back.retries());
    }

    private static Row row(Proxy proxy, Server server) {
        return new Row(
                proxy.where(),
                "server",
                server.backend() + "/" + server.name(),
                server.status(),
                server.sessions(),
                server.mostSessions(),
                server.limit(),
                server.rate(),
                server.queue(),
                null,
                server.connectErrors(),
                server.responseErrors(),
                server.retries());
    }

    private static Stream<String> remarks(Row row) {
        List<String> remarks = new ArrayList<>();
        Long sessions = row.sessions();
        Long limit = row.limit();
        if (sessions != null && limit != null && limit > 0 && sessions * 100 >= limit * NEARLY_FULL_PERCENT) {
            remarks.add(row.kind() + " " + row.name() + " has " + sessions + " of " + limit + " sessions");
        }
        Long queue = row.queue();
        if (queue != null && queue > 0 && row.kind().equals("backend")) {
            remarks.add(queue + " connections wait in the queue of " + row.name());
        }
        return remarks.stream();
    }

    private static Stream<String> full(List<Instance> processes) {
        return processes.stream()
                .filter(one -> one.mostConnections() > 0
                        && one.connections() * 100 >= one.mostConnections() * NEARLY_FULL_PERCENT)
                .map(one -> one.instance() + " has " + one.connections() + " of " + one.mostConnections()
                        + " connections of its maxconn");
    }
}
