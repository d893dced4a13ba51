package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
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

            @Says("Only what has run at least this long") @Default("0") @Range(min = 0, max = 10_000_000)
            int minDurationSecs,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit) {}

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

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_activity",
                "Citus activity",
                Input.class,
                Output.class,
                "What runs on all Citus nodes, longest first: each client's statement, global pid, waits, backends on workers.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Round<ClientSession> round = ClientSession.ask(citus);
        Map<Long, List<Told<ClientSession>>> byClient = round.told().stream()
                .collect(Collectors.groupingBy(told -> told.row().globalPid(), TreeMap::new, Collectors.toList()));
        List<Row> rows = new ArrayList<>();
        byClient.values().forEach(backends -> rows.add(row(citus, backends)));
        List<Row> wanted = rows.stream()
                .filter(row -> input.includeIdle() || !"idle".equals(row.state()))
                .filter(row -> seconds(row) >= input.minDurationSecs())
                .sorted(Comparator.comparingDouble((Row row) -> -seconds(row)).thenComparing(Row::globalPid))
                .toList();
        List<Row> shown = wanted.subList(0, Math.min(input.limit(), wanted.size()));
        return new Output(
                summary(rows, round),
                List.copyOf(shown),
                new Rest(shown.size(), wanted.size(), null),
                Parts.unavailable(round.silent()));
    }

    private static double seconds(Row row) {
        Double seconds = row.seconds();
        return seconds == null ? 0 : seconds;
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
    private static Row row(Citus citus, List<Told<ClientSession>> backends) {
        Told<ClientSession> first = backends.stream()
                .filter(told -> !told.row().workerQuery())
                .findFirst()
                .orElse(backends.get(0));
        ClientSession session = first.row();
        List<Told<ClientSession>> workers =
                backends.stream().filter(told -> !told.equals(first)).toList();
        return new Row(
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
                workers.stream()
                        .filter(told -> !told.row().idle())
                        .limit(5)
                        .map(told -> "pid " + told.row().pid() + " on " + citus.where(told.nodeId()) + ": "
                                + told.row().state()
                                + (told.row().waitsFor() == null
                                        ? ""
                                        : ", waits for " + told.row().waitsFor()))
                        .toList(),
                session.query());
    }
}
