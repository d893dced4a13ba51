package org.pgcluster.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.config.Address;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.Sql;

/** The Citus nodes beside the coordinator, as configured or as pg_dist_node names them. Threads share it. */
final class Workers implements AutoCloseable {
    private static final String NODES = """
            SELECT nodeid::int AS node_id, nodename AS host, nodeport::int AS port, isactive AS active
              FROM pg_catalog.pg_dist_node
             WHERE groupid <> 0 AND noderole = 'primary'
             ORDER BY nodeid
            """;

    record Row(int nodeId, String host, int port, @Nullable Boolean active) {}

    private final ClusterSettings settings;
    private final Predicate<String> trusted;
    private final BiFunction<Dsn, Boolean, Database> connect;
    private final Map<Address, Database> byAddress = new ConcurrentHashMap<>();

    Workers(ClusterSettings settings, Predicate<String> trusted, BiFunction<Dsn, Boolean, Database> connect) {
        this.settings = settings;
        this.trusted = trusted;
        this.connect = connect;
    }

    /** {@code coordinator} is asked only where no worker is configured. */
    List<Node> list(Sql coordinator, Dsn dsn) {
        List<Node> nodes = new ArrayList<>();
        if (settings.workersConfigured()) {
            for (Dsn worker : settings.workers()) {
                nodes.add(node(worker.hosts().get(0).toString(), Optional.empty(), () -> database(worker)));
            }
        } else if (coordinator.capabilities().has("citus")) {
            for (Row row : coordinator.list(Row.class, NODES)) {
                nodes.add(discovered(row, dsn));
            }
        }
        return List.copyOf(nodes);
    }

    private Node discovered(Row row, Dsn coordinator) {
        return at(new Address(row.host(), row.port()), Optional.of(row.nodeId()), coordinator);
    }

    /** Any server that was discovered, a standby too, with the coordinator's user, password and database. */
    Node at(Address address, Optional<Integer> nodeId, Dsn coordinator) {
        Map<String, String> parameters = new TreeMap<>(coordinator.parameters());
        parameters.remove("target_session_attrs"); // it chooses among several hosts, and this is one
        parameters.remove("load_balance_hosts");
        parameters.remove("hostaddr");
        Dsn dsn = new Dsn(
                List.of(address), coordinator.database(), coordinator.user(), coordinator.password(), parameters);
        return node(address.toString(), nodeId, () -> {
            if (!trusted.test(address.host())) {
                throw new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        address.host()
                                + " was discovered and is given no credentials: discovery_hosts does not name it.",
                        "Add it to discovery_hosts where it is one of yours.");
            }
            return database(dsn);
        });
    }

    private static Node node(String where, Optional<Integer> nodeId, Supplier<Database> database) {
        return new Node(
                where,
                nodeId,
                call -> database.get().sql(call),
                call -> database.get().reserved().sql(call));
    }

    private Database database(Dsn dsn) {
        return byAddress.computeIfAbsent(dsn.hosts().get(0), address -> connect.apply(dsn, true));
    }

    @Override
    public void close() {
        byAddress.values().forEach(Database::close);
    }
}
