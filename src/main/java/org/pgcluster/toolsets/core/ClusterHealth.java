package org.pgcluster.toolsets.core;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Checks;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Gathering;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** One diagnosis over everything that can be read. */
public final class ClusterHealth implements Reads<ClusterHealth.Input, ClusterHealth.Output> {
    private static final Duration EACH = Duration.ofSeconds(2);

    record Input(
            @Says("Only these") Optional<List<Component>> components,

            @Says("Leave out what is less severe") @Default("notice")
            Severity minSeverity) {}

    enum Component {
        POSTGRES,
        CITUS,
        PATRONI,
        HAPROXY,
        PGBOUNCER
    }

    record Output(
            String state,
            List<Finding> findings,
            List<Unavailable> unavailable,
            @Nullable String absence,
            @Nullable String notSeen)
            implements InWords {
        @Override
        public String inWords() {
            String rest = (absence == null ? "" : " " + absence) + (notSeen == null ? "" : " " + notSeen);
            if (!findings.isEmpty()) {
                return findings.size() + (findings.size() == 1 ? " finding" : " findings") + ", most urgent first: "
                        + findings.get(0).title() + "." + rest;
            }
            return (unavailable.isEmpty()
                            ? "Healthy: everything was read and nothing was found."
                            : "Nothing wrong was found in what could be read, and not everything could.")
                    + rest;
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "cluster_health",
                "Cluster health",
                Input.class,
                Output.class,
                "One diagnosis of the whole estate, root causes first, each with evidence and what to do next. Start here"
                        + " when something is wrong.");
    }

    @Override
    public Output read(Input input, Context context) {
        if (!context.cluster().anythingConfigured()) {
            context.sql(); // says which key names a database
        }
        Snapshot snapshot = Gathering.of(context.cluster(), context.call(), EACH, Clock.systemUTC());
        Set<String> off = context.server().switchedOff().keySet();
        List<Finding> findings = Checks.of(snapshot).stream()
                .filter(finding -> finding.severity().compareTo(input.minSeverity()) <= 0)
                .filter(finding -> wanted(input, finding))
                .map(finding -> finding.without(off))
                .toList();
        String state = findings.isEmpty()
                ? (snapshot.unavailable().isEmpty() ? "healthy" : "unknown")
                : findings.get(0).severity().name().toLowerCase(java.util.Locale.ROOT);
        return new Output(
                state,
                findings,
                Unread.parts(snapshot.unavailable()),
                snapshot.around().expected().anything()
                        ? null
                        : "Absence was not judged: `expect` does not say what should be there.",
                notSeen(snapshot, context.cluster().settings().coordinator().isPresent()));
    }

    private static @Nullable String notSeen(Snapshot snapshot, boolean configured) {
        if (!configured) {
            return "No database is configured (coordinator_dsn), so none was looked at.";
        }
        if (snapshot.postgres().isEmpty()) {
            return snapshot.citus().isPresent()
                    ? "The database did not answer where clients come in; Citus' metadata was read from the leader of"
                            + " group 0 itself. Sessions, slots, disks and the tables of shards were not judged."
                    : "No database answered: sessions, slots, disks and, where there is Citus, its metadata and shards"
                            + " were not judged.";
        }
        boolean blind = snapshot.postgres().stream().anyMatch(state -> !state.seesAllSessions());
        return blind ? "Sessions of other users are hidden from this role: it lacks pg_read_all_stats." : null;
    }

    private static boolean wanted(Input input, Finding finding) {
        return input.components()
                .map(some -> Set.copyOf(some).stream()
                        .anyMatch(one ->
                                one.name().toLowerCase(java.util.Locale.ROOT).equals(finding.component())))
                .orElse(true);
    }
}
