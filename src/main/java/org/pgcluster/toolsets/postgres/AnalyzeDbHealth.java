package org.pgcluster.toolsets.postgres;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Checks;
import org.pgcluster.checks.DatabaseChecks;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.FreezeAges;
import org.pgcluster.checks.FreezeAges.Age;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Nearest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.DatabaseReading;
import org.pgcluster.snapshot.DatabaseState;
import org.pgcluster.snapshot.Gathering;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What a DBA would look at inside one database, judged. */
public final class AnalyzeDbHealth implements Reads<AnalyzeDbHealth.Input, AnalyzeDbHealth.Output> {
    private static final Duration EACH = Duration.ofSeconds(4);

    /** What can be asked for, and which findings about the whole server belong to it. */
    private static final Map<String, List<String>> AREAS = areas();

    record Input(
            @Says("all, or some: index, connection, vacuum, sequence, replication, buffer, constraint, wal, setting,"
                    + " version")
            Optional<String> checks) {}

    /** {@code ages} is what ends first, with a forecast, wherever vacuum was asked for. */
    record Output(
            List<String> checked,
            List<Finding> findings,
            List<Age> ages,
            @Nullable String note,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String found = findings.isEmpty()
                    ? "Nothing stands out in what was checked."
                    : findings.size() + (findings.size() == 1 ? " finding" : " findings") + ", most urgent first: "
                            + findings.get(0).title() + ".";
            return found
                    + (unavailable.isEmpty() ? "" : " Not everything could be read: what is unavailable is not judged.")
                    + (note == null ? "" : " " + note);
        }
    }

    private static Map<String, List<String>> areas() {
        Map<String, List<String>> areas = new LinkedHashMap<>();
        areas.put("index", List.of());
        areas.put("connection", List.of("postgres.connections", "postgres.session", "postgres.blocked"));
        areas.put("vacuum", List.of("postgres.transaction_age", "postgres.multixact_age", "postgres.prepared_left"));
        areas.put("sequence", List.of());
        areas.put("replication", List.of("postgres.slot", "postgres.standby_behind"));
        areas.put("buffer", List.of("postgres.checksum_failures"));
        areas.put("constraint", List.of());
        areas.put("wal", List.of("postgres.slot", "postgres.archiving_fails", "postgres.disk_nearly_full"));
        areas.put("setting", List.of());
        areas.put("version", List.of());
        return areas;
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "analyze_db_health",
                "Database health",
                Input.class,
                Output.class,
                "A DBA's checks inside one database: bad indexes, vacuum, sequences near their end, settings, old"
                        + " extensions, archiving. Across components: cluster_health.");
    }

    @Override
    public Output read(Input input, Context context) {
        Set<String> wanted = wanted(input.checks().orElse("all"));
        DatabaseState state =
                DatabaseReading.of(context.cluster().addressInWords().orElse("postgres"), context.sql(), wanted);
        List<Finding> findings = new ArrayList<>(
                DatabaseChecks.of(state, context.cluster().settings().hostMemoryMb()));
        List<Unavailable> unavailable = new ArrayList<>(state.unavailable());
        List<Age> ages = List.of();
        if (wanted.stream()
                .anyMatch(area -> !AREAS.getOrDefault(area, List.of()).isEmpty())) {
            Snapshot server = Gathering.of(context.cluster(), context.call(), EACH, Clock.systemUTC());
            Checks.each(server).stream()
                    .filter(finding -> finding.component().equals("postgres") && belongs(finding, wanted))
                    .forEach(findings::add);
            ages = wanted.contains("vacuum") ? FreezeAges.nearest(server) : ages;
            server.unavailable().stream()
                    .filter(one -> one.component().equals("postgres")
                            || one.component().equals("citus"))
                    .forEach(one -> unavailable.add(one.part()));
        }
        told(findings, "postgres.standby_behind")
                .forEach(standby -> findings.removeIf(one -> one.id().equals("database.replica_lags")
                        && one.subject().equals(standby)));
        findings.sort(Comparator.comparing(Finding::severity));
        Set<String> off = context.server().switchedOff().keySet();
        return new Output(
                List.copyOf(wanted),
                findings.stream()
                        .map(finding -> offered(finding, off))
                        .map(finding -> context.cluster().rowDataAllowed() ? finding : withoutValues(finding))
                        .toList(),
                ages,
                note(state, context.cluster().capabilities(context.call()).has("citus")),
                unavailable);
    }

    private static List<String> told(List<Finding> findings, String id) {
        return findings.stream()
                .filter(one -> one.id().equals(id))
                .map(Finding::subject)
                .toList();
    }

    private static @Nullable String note(DatabaseState state, boolean citus) {
        List<String> notes = new ArrayList<>();
        if (!state.cut().isEmpty()) {
            notes.add("Only the worst " + DatabaseReading.MOST + " of each were judged of: "
                    + String.join(", ", state.cut()) + ".");
        }
        if (citus) {
            notes.add("Tables of Citus are judged on their shards by citus_advisor and citus_table_inspector.");
        }
        return notes.isEmpty() ? null : String.join(" ", notes);
    }

    /** How far a key is used up is a figure; the key itself is a row's. */
    private static Finding withoutValues(Finding found) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>(found.evidence());
        evidence.remove("largest_seen");
        return found.withEvidence(evidence);
    }

    /** The call where it is offered, else the command. */
    private static Finding offered(Finding found, Set<String> off) {
        boolean can =
                found.next().isPresent() && !off.contains(found.next().get().tool());
        return new Finding(
                found.id(),
                found.severity(),
                found.sure(),
                found.component(),
                found.subject(),
                found.title(),
                found.evidence(),
                found.advice(),
                can ? found.next() : Optional.empty(),
                can ? Optional.empty() : found.byHand());
    }

    private static boolean belongs(Finding finding, Set<String> wanted) {
        boolean ofSome = AREAS.values().stream().flatMap(List::stream).anyMatch(finding.id()::startsWith);
        return wanted.stream()
                        .flatMap(area -> AREAS.getOrDefault(area, List.of()).stream())
                        .anyMatch(finding.id()::startsWith)
                || (!ofSome && wanted.contains("connection"));
    }

    private static Set<String> wanted(String words) {
        Set<String> wanted = new LinkedHashSet<>();
        for (String word : words.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
            String area = word.endsWith("s") ? word.substring(0, word.length() - 1) : word;
            if (area.equals("all") || area.isEmpty()) {
                wanted.addAll(AREAS.keySet());
            } else if (AREAS.containsKey(area)) {
                wanted.add(area);
            } else {
                String near = Nearest.of(area, AREAS.keySet());
                throw ToolException.invalidInput(
                        "`checks` has no " + word + ".",
                        (near == null ? "" : "Did you mean " + near + "? ") + "There are: all, "
                                + String.join(", ", AREAS.keySet()) + ".");
            }
        }
        return wanted;
    }
}
