package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What runs on all nodes: each client's query once, with the backends that work for it. */
public final class CitusActivity implements Reads<CitusActivity.Input, CitusActivity.Output> {
    record Input(
            @Says("Idle sessions, too") @Default("false") boolean includeIdle,

            @Says("At least this long") @Default("0") @Range(min = 0, max = 10_000_000)
            int minDurationSecs,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(Summary summary, List<Row> sessions, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return summary.active() + " active, " + summary.idleInTransaction() + " idle in a transaction, "
                    + summary.waitingForLocks() + " waiting for locks, of " + Parts.many(summary.sessions(), "session")
                    + " on all nodes."
                    + (summary.hidden() == 0
                            ? ""
                            : " What " + summary.hidden() + " of them run is hidden from this role: it lacks"
                                    + " pg_read_all_stats.")
                    + Parts.partial(unavailable).replace("sizes and counts lack", "this lacks");
        }
    }

    /** Over all nodes and before the filters. {@code connections} are backends, {@code sessions} clients. */
    record Summary(
            long sessions,
            long connections,
            long active,
            long idle,
            long idleInTransaction,
            long waitingForLocks,
            long hidden) {}

    record Row(
            long globalPid,
            String node,
            int pid,
            @Nullable String userName,
            @Nullable String application,
            @Nullable String client,
            @Nullable String state,
            @Nullable Double seconds,
            @Nullable Double transactionSeconds,
            @Nullable String waitsFor,
            long workerBackends,
            List<String> workers,
            @Nullable String query) {}

    private static final int MOST_WORKERS = 5;

    /** Ordered by when its statement began, which no later look changes: who begins another one comes last. */
    private record Client(long began, Row row) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_activity",
                "Citus activity",
                Input.class,
                Output.class,
                "What runs on all Citus nodes, longest first: statement, global pid, waits, backends on workers.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Round<ClientSession> round = ClientSession.ask(citus);
        Map<Long, List<Told<ClientSession>>> byClient = round.told().stream()
                .collect(Collectors.groupingBy(told -> told.row().globalPid(), TreeMap::new, Collectors.toList()));
        List<Client> clients = new ArrayList<>();
        byClient.values().forEach(backends -> clients.add(client(citus, backends)));
        Page<Client> page = Page.of(
                "activity " + input.includeIdle() + input.minDurationSecs(),
                clients.stream().filter(client -> wanted(client.row(), input)).toList(),
                client -> List.of(client.began(), client.row().globalPid()),
                input.limit(),
                0,
                input.cursor());
        return new Output(
                summary(clients.stream().map(Client::row).toList(), round),
                page.rows().stream().map(Client::row).toList(),
                page.rest(),
                Parts.unavailable(round.silent()));
    }

    private static boolean wanted(Row row, Input input) {
        Double seconds = row.seconds();
        return (input.includeIdle() || !"idle".equals(row.state()))
                && (seconds == null ? 0 : seconds) >= input.minDurationSecs();
    }

    private static Summary summary(List<Row> rows, Round<ClientSession> round) {
        return new Summary(
                rows.size(),
                round.rows().size(),
                count(rows, "active"),
                count(rows, "idle"),
                rows.stream()
                        .filter(row -> String.valueOf(row.state()).startsWith("idle in transaction"))
                        .count(),
                round.told().stream()
                        .filter(told -> told.row().waitsForLock())
                        .map(told -> told.row().globalPid())
                        .distinct()
                        .count(),
                round.rows().stream().filter(ClientSession::hidden).count());
    }

    private static long count(List<Row> rows, String state) {
        return rows.stream().filter(row -> state.equals(row.state())).count();
    }

    /** The client's own backend leads; where its node is silent, what works for it is told all the same. */
    private static Client client(Citus citus, List<Told<ClientSession>> backends) {
        Told<ClientSession> first = backends.stream()
                .filter(told -> !told.row().workerQuery())
                .findFirst()
                .orElse(backends.get(0));
        ClientSession session = first.row();
        List<Told<ClientSession>> workers =
                backends.stream().filter(told -> !told.equals(first)).toList();
        Row row = new Row(
                session.globalPid(),
                first.nodeId() + " " + citus.where(first.nodeId()),
                session.pid(),
                session.userName(),
                session.application(),
                session.client(),
                session.state(),
                session.seconds(),
                session.transactionSeconds(),
                session.waitsFor(),
                workers.size(),
                busy(citus, workers),
                session.query());
        Long began = session.began();
        return new Client(began == null ? Long.MAX_VALUE : began, row);
    }

    private static List<String> busy(Citus citus, List<Told<ClientSession>> workers) {
        List<Told<ClientSession>> busy =
                workers.stream().filter(told -> !told.row().idle()).toList();
        List<String> said = new ArrayList<>();
        for (Told<ClientSession> told : busy.subList(0, Math.min(MOST_WORKERS, busy.size()))) {
            String waits = told.row().waitsFor();
            said.add("pid " + told.row().pid() + " on " + citus.where(told.nodeId()) + ": "
                    + told.row().state() + (waits == null ? "" : ", waits for " + waits));
        }
        if (busy.size() > MOST_WORKERS) {
            said.add("and " + (busy.size() - MOST_WORKERS) + " more");
        }
        return said;
    }
}
