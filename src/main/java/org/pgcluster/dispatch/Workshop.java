package org.pgcluster.dispatch;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Audit;
import org.pgcluster.audit.Masks;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.config.Problem;
import org.pgcluster.config.Settings;
import org.pgcluster.guard.ClusterLock;
import org.pgcluster.guard.Guard;
import org.pgcluster.guard.Ledger;
import org.pgcluster.tool.Server;

/** Everything that calls share: clusters, guard, audit, operations, slots. Threads share it. */
public final class Workshop implements Server, AutoCloseable {
    private static final Duration TO_STOP = Duration.ofSeconds(5);

    private final Settings settings;
    private final String version;
    private final Catalogue catalogue;
    private final Clusters clusters;
    private final Masks masks;
    private final Audit audit;
    private final Guard guard;
    private final ClusterLock lock;
    private final Ledger ledger;
    private final Elsewhere elsewhere;
    private final Slots slots;
    private final Operations operations = new Operations();
    private final String host;
    private volatile @Nullable Filing filing;

    public Workshop(Settings settings, String version) {
        var server = settings.server();
        this.settings = settings;
        this.version = version;
        this.catalogue = Catalogue.of(settings);
        this.clusters = new Clusters(settings);
        this.masks = new Masks(settings.secrets());
        this.host = hostName();
        Clock clock = Clock.systemUTC();
        SecureRandom random = new SecureRandom();
        this.audit = new Audit(server.auditFile(), host, System.getProperty("user.name", "?"), clock, masks, random);
        this.guard = new Guard(
                server.stateDir(), server.approvalSecret(), server.approvalTtl(), server.requestTtl(), clock, random);
        this.lock = new ClusterLock(server.stateDir(), clock);
        this.ledger = new Ledger(server.stateDir(), host, clock);
        this.elsewhere = new Elsewhere(clusters, ledger, audit, host);
        this.slots = new Slots(server.maxConcurrentCalls(), settings.clusters().size());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost"; // a host without a name of its own is still this one
        }
    }

    void filing(Filing filer) {
        this.filing = filer;
    }

    Settings settings() {
        return settings;
    }

    Catalogue catalogue() {
        return catalogue;
    }

    Masks masks() {
        return masks;
    }

    public Audit audit() {
        return audit;
    }

    public Guard guard() {
        return guard;
    }

    ClusterLock lock() {
        return lock;
    }

    Ledger ledger() {
        return ledger;
    }

    Slots slots() {
        return slots;
    }

    Operations operations() {
        return operations;
    }

    String host() {
        return host;
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public Clusters clusters() {
        return clusters;
    }

    @Override
    public Map<String, String> switchedOff() {
        return catalogue.switchedOff();
    }

    @Override
    public List<String> problems() {
        return settings.problems().stream().map(Problem::toString).toList();
    }

    @Override
    public int maxRows() {
        return settings.server().maxRows();
    }

    @Override
    public int maxTextBytes() {
        return settings.server().maxTextBytes();
    }

    @Override
    public Followed await(String name, Duration patience, Call call) {
        var own = operations.named(name);
        if (own.isEmpty()) {
            return elsewhere.await(name, patience, call);
        }
        own.get().await(patience, call);
        var followed = own.get().followed();
        return followed.state().equals("unknown") ? elsewhere.asInDatabase(followed, call) : followed;
    }

    @Override
    public Followed cancel(String name, Call call) {
        var own = operations.named(name);
        if (own.isEmpty() || !own.get().running()) {
            return elsewhere.cancel(name, TO_STOP, call);
        }
        own.get().stop();
        own.get().await(TO_STOP, call);
        return own.get().followed();
    }

    @Override
    public Filed file(
            String act, Map<String, @Nullable Object> arguments, Optional<Duration> life, Call call, String client) {
        Filing filer = filing;
        if (filer == null) {
            throw new IllegalStateException("nobody files requests yet");
        }
        return filer.file(act, arguments, life, call, client);
    }

    @Override
    public void close() {
        clusters.close();
    }
}
