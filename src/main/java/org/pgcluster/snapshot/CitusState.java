package org.pgcluster.snapshot;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.CitusNode;

/** What the coordinator's metadata says: who should be where, and which jobs move shards. */
public record CitusState(
        List<CitusNode> nodes,
        List<Placed> placed,
        List<MissingCopy> missingCopies,
        List<String> withoutIdentity,
        List<Task> tasks) {
    public CitusState {
        nodes = List.copyOf(nodes);
        placed = List.copyOf(placed);
        missingCopies = List.copyOf(missingCopies);
        withoutIdentity = List.copyOf(withoutIdentity);
        tasks = List.copyOf(tasks);
    }

    /** Shards of hash-distributed tables in one group. */
    public record Placed(int groupId, long shards) {}

    /** A reference table without a copy where every query may want one. */
    public record MissingCopy(String tableName, int nodeId) {}

    /**
     * A task of a job that has not ended.
     *
     * @param stillBlocked whether a second look, half a second later, found it behind the same sessions
     */
    public record Task(
            long jobId,
            String jobState,
            long taskId,
            String taskState,
            long retries,
            @Nullable String message,
            @Nullable String blockers,
            long jobSeconds,
            boolean stillBlocked) {
        /** What failed may quote a row. */
        Task saying(UnaryOperator<String> shown) {
            return message == null
                    ? this
                    : new Task(
                            jobId,
                            jobState,
                            taskId,
                            taskState,
                            retries,
                            shown.apply(message),
                            blockers,
                            jobSeconds,
                            stillBlocked);
        }

        Task andLater(boolean blocked) {
            return new Task(jobId, jobState, taskId, taskState, retries, message, blockers, jobSeconds, blocked);
        }
    }
}
