package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** When a group changed its leader, newest first. */
public final class PatroniHistory implements Reads<PatroniHistory.Input, PatroniHistory.Output> {
    record Input(
            @Says("Citus group or a member of it") Optional<String> group,

            @Says("Newest so many of each group") @Default("20") @Range(min = 1, max = 1000)
            int limit) {}

    record Output(List<Change> changes, int total, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            if (changes.isEmpty()) {
                return unavailable.isEmpty() ? "No timeline ever changed." : "Nothing could be read.";
            }
            return total
                    + (total == 1 ? " change of timeline" : " changes of timeline")
                    + (changes.size() < total ? ", the newest " + changes.size() + " shown." : ", newest first.");
        }
    }

    /** {@code timeline} is the one that ended; {@code newLeader} began the next. */
    record Change(
            String group,
            int timeline,
            @Nullable Long endedAtBytes,
            @Nullable String reason,
            @Nullable String at,
            @Nullable String newLeader) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "patroni_history",
                "Patroni history",
                Input.class,
                Output.class,
                "When each group changed its leader or timeline, why, at which WAL position, and who took over.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.group(), context);
        List<Unavailable> unavailable = new ArrayList<>(asked.unavailable());
        asked.unobserved().forEach(words -> unavailable.add(new Unavailable("patroni", "a group", words)));
        List<Change> changes = new ArrayList<>();
        int total = 0;
        for (Group group : asked.groups()) {
            try {
                List<Change> all = changes(group, context);
                total += all.size();
                changes.addAll(all.subList(0, Math.min(input.limit(), all.size())));
            } catch (ToolException e) {
                unavailable.add(new Unavailable("patroni", "group " + group.name(), e.text()));
            }
        }
        return new Output(changes, total, unavailable);
    }

    private static List<Change> changes(Group group, Context context) {
        Cluster cluster = context.cluster();
        List<Change> changes = new ArrayList<>();
        for (Object one :
                cluster.components().patroni().history(group, cluster.settings().httpTimeout(), context.call())) {
            if (one instanceof List<?> row && !row.isEmpty() && row.get(0) instanceof Number timeline) {
                changes.add(0, change(group, timeline.intValue(), row));
            }
        }
        return changes;
    }

    /** Older versions wrote three columns: without time and leader. */
    private static Change change(Group group, int timeline, List<?> row) {
        return new Change(
                group.name(),
                timeline,
                row.size() > 1 && row.get(1) instanceof Number position ? (Long) position.longValue() : null,
                text(row, 2),
                text(row, 3),
                text(row, 4));
    }

    private static @Nullable String text(List<?> row, int index) {
        return index < row.size() && row.get(index) instanceof String text ? text : null;
    }
}
