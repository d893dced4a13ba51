package org.pgcluster.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.config.Mode;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Observed;
import org.pgcluster.patroni.Patroni.Seat;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.postgres.Imagining;
import org.pgcluster.postgres.SafeReading;
import org.pgcluster.postgres.ServerTexts;
import org.pgcluster.postgres.Sql;
import org.pgcluster.postgres.Target;

/** One estate: nothing connects before it is asked for. Threads share it. */
public final class Cluster implements AutoCloseable {
    private static final String READING = "pgcluster-mcp read";

    private static final String SEATS = """
            SELECT groupid::int AS "group", nodename AS host, nodeport::int AS port
              FROM pg_catalog.pg_dist_node
             WHERE noderole = 'primary'
             ORDER BY groupid, nodeid
            """;

    private final ClusterSettings settings;
    /** The database that is configured, once it was asked for. */
    private final Map<String, Reading> own = new ConcurrentHashMap<>();
    /** Other databases of the same server, by name. */
    private final Map<String, Other> others = new ConcurrentHashMap<>();

    private final Workers workers;
    private final Components components;
    private final ActingTier acting;

    private final AtomicBoolean lookedAt = new AtomicBoolean();

    private record Reading(Database database, SafeReading safe) {}

    private record Other(Reading reading, int users) {}

    Cluster(ClusterSettings settings, Predicate<String> trusted) {
        this.settings = settings;
        this.components = new Components(settings, trusted);
        this.workers = new Workers(settings, trusted, (dsn, reading) -> Database.of(target(dsn, reading)));
        this.acting = new ActingTier(settings, dsn -> target(dsn, false), this::shown);
    }

    public String name() {
        return settings.name();
    }

    public ClusterSettings settings() {
        return settings;
    }

    /** True once: after it, a process that is busy is busy with other calls, and no more with loading what it needs. */
    public boolean isFirstLook() {
        return lookedAt.compareAndSet(false, true);
    }

    public Sql sql(Call call) {
        return reading().database().sql(call);
    }

    /** On connections kept for what tells why everything else is slow. */
    public Sql reservedSql(Call call) {
        return reading().database().reserved().sql(call);
    }

    public Capabilities capabilities(Call call) {
        return reading().database().capabilities(call);
    }

    /** Whether {@link #nodes} is known without asking the coordinator. */
    public boolean nodesAreConfigured() {
        return settings.workersConfigured();
    }

    /** The Citus nodes beside the coordinator; none where this is no Citus coordinator. */
    public List<Node> nodes(Call call) {
        return workers.list(reservedSql(call), coordinator());
    }

    /** A server that Patroni names, such as a standby. */
    public Node server(String host, int port) {
        return workers.at(new Address(host, port), Optional.empty(), coordinator());
    }

    /** Patroni, HAProxy and PgBouncer of this estate. */
    public Components components() {
        return components;
    }

    /** Patroni's groups, named by Citus' metadata where that can be read; each question within {@code each}. */
    public Observed patroni(Call call, Duration each) {
        return components.patroni().read(each, call, () -> seats(call, each.multipliedBy(2)));
    }

    private List<Seat> seats(Call call, Duration limit) {
        if (settings.coordinator().isEmpty()) {
            return List.of();
        }
        Call own = call.atMost(limit);
        try (var handle = call.onCancel(own::cancel)) {
            Sql sql = reservedSql(own);
            return sql.capabilities().has("citus") ? sql.list(Seat.class, SEATS) : List.of();
        }
    }

    /** A person's SQL; {@code database} where another one of the same server is meant. */
    public FreeSql.Result read(
            Call call,
            Optional<String> database,
            String sql,
            List<@Nullable String> parameters,
            FreeSql.Budget budget) {
        return free(database, safe -> safe.read(call, sql, parameters, budget));
    }

    /** The plan of a person's SQL, with the options of EXPLAIN; parameters may be left open. */
    public FreeSql.Result explain(
            Call call,
            Optional<String> database,
            String options,
            String sql,
            List<@Nullable String> parameters,
            FreeSql.Budget budget) {
        return free(database, safe -> safe.explain(call, options, sql, parameters, budget));
    }

    /** The plan of a person's SQL on distributed tables, in a transaction with these settings. */
    public FreeSql.Result explainDistributed(
            Call call, String options, String sql, FreeSql.Budget budget, Map<String, String> settings) {
        return reading().safe().explainSampled(call, options, sql, budget, settings);
    }

    /** Plans of a person's SQL as if there were other indexes. */
    public <T> T imagining(Call call, Optional<String> database, Function<Imagining, T> work) {
        return free(database, safe -> safe.imagining(call, work));
    }

    /** Anybody can think of names of databases: one that leads nowhere leaves nothing behind. */
    private <T> T free(Optional<String> database, Function<SafeReading, T> work) {
        if (database.isEmpty() || database.equals(database())) {
            return work.apply(reading().safe());
        }
        Other other = Objects.requireNonNull(others.compute(
                database.get(),
                (name, there) ->
                        there == null ? new Other(made(name), 1) : new Other(there.reading(), there.users() + 1)));
        try {
            return work.apply(other.reading().safe());
        } finally {
            others.computeIfPresent(database.get(), (name, there) -> left(there));
        }
    }

    private static @Nullable Other left(Other there) {
        if (there.users() == 1 && !there.reading().database().everAnswered()) {
            there.reading().database().close();
            return null;
        }
        return new Other(there.reading(), there.users() - 1);
    }

    private Reading made(String database) {
        Database made = Database.of(target(in(coordinator(), database), true)
                .withDirect(settings.direct().map(dsn -> in(dsn, database))));
        return new Reading(made, new SafeReading(made, settings.allowedFunctions()));
    }

    /** Those that connections are kept to, beside the configured one. */
    public List<String> otherDatabases() {
        return others.keySet().stream().sorted().toList();
    }

    /** Whether there is anything to look at. */
    public boolean anythingConfigured() {
        return settings.coordinator().isPresent()
                || components.hasPatroni()
                || components.hasHaproxy()
                || components.hasPgbouncer();
    }

    /** Those of {@code allowed_functions} that name nothing in the database. */
    public List<String> allowedInVain(Call call) {
        return reading().safe().allowedInVain(call);
    }

    private Reading reading() {
        return own.computeIfAbsent(coordinator().database(), this::made);
    }

    public Duration actLockTimeout() {
        return settings.actLockTimeout();
    }

    /** Whether values of rows may be shown. */
    public boolean rowDataAllowed() {
        return settings.rowDataAllowed();
    }

    /** A statement as it may be shown: under row_data: deny without its values. */
    public String shown(String statement) {
        return rowDataAllowed() ? statement : ServerTexts.withoutLiterals(statement);
    }

    /** What a server said of a failure, as it may be shown: errors quote the rows that they are about. */
    public String said(String message) {
        return rowDataAllowed() ? message : ServerTexts.messageWithoutValues(message);
    }

    /** Where acts go. Only who holds an approval may ask for it. */
    public ActingTier acting() {
        return acting;
    }

    public Optional<String> addressInWords() {
        return settings.coordinator()
                .map(dsn -> dsn.hosts().stream().map(Address::toString).collect(Collectors.joining(", ")));
    }

    public Optional<String> database() {
        return settings.coordinator().map(Dsn::database);
    }

    public String modeInWords() {
        return settings.mode().name().toLowerCase(java.util.Locale.ROOT);
    }

    public boolean actsRun() {
        return settings.mode() == Mode.ADMIN && settings.allowExecute();
    }

    private Dsn coordinator() {
        return coordinator(settings);
    }

    static Dsn coordinator(ClusterSettings settings) {
        return settings.coordinator()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        settings.name() + " has no database configured.",
                        "Give a DSN as argument, in PGCLUSTER_MCP_COORDINATOR_DSN, or as coordinator_dsn in a file."));
    }

    static Dsn in(Dsn dsn, String database) {
        return new Dsn(dsn.hosts(), database, dsn.user(), dsn.password(), dsn.parameters());
    }

    private Target target(Dsn dsn, boolean reading) {
        return new Target(
                dsn.hosts().stream().map(Address::toString).collect(Collectors.joining(", ")),
                dsn,
                settings.connectTimeout(),
                settings.statementTimeout(),
                settings.poolSize(),
                reading,
                READING,
                settings.actLockTimeout(),
                settings.allowPlaintext(),
                settings.rowDataAllowed());
    }

    @Override
    public void close() {
        workers.close();
        own.values().forEach(reading -> reading.database().close());
        others.values().forEach(other -> other.reading().database().close());
    }
}
