package org.pgcluster.toolsets.patroni;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.pgcluster.call.Together;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.tool.Context;
import org.pgcluster.toolsets.patroni.ReplicationSql.Receiving;
import org.pgcluster.toolsets.patroni.ReplicationSql.Sender;
import org.pgcluster.toolsets.patroni.ReplicationSql.Slot;

/** What leaders and replicas of all groups tell of their replication by SQL, all asked at once. */
record BySql(Map<String, Said> said) {
    /** What one server told, or why it did not. */
    record Said(
            Optional<List<Sender>> senders,
            List<Slot> slots,
            Optional<Receiving> receiving,
            Optional<ToolException> failure) {
        static Said leader(Group group, Context context) {
            return new Said(
                    Optional.of(ReplicationSql.senders(group, context)),
                    ReplicationSql.slots(group, context),
                    Optional.empty(),
                    Optional.empty());
        }

        /** That a replica is silent is told once already. */
        static Said replica(Member replica, Context context) {
            return new Said(
                    Optional.empty(),
                    List.of(),
                    replica.own().map(own -> ReplicationSql.receiving(replica, context)),
                    Optional.empty());
        }

        static Said failed(ToolException e) {
            return new Said(Optional.empty(), List.of(), Optional.empty(), Optional.of(e));
        }
    }

    static BySql of(List<Group> groups, Context context) {
        Map<String, Supplier<Said>> questions = new LinkedHashMap<>();
        for (Group group : groups) {
            questions.put(group.name(), () -> Said.leader(group, context));
            for (Member replica : group.replicas()) {
                questions.put(key(group, replica), () -> Said.replica(replica, context));
            }
        }
        List<String> whose = List.copyOf(questions.keySet());
        List<Said> answers = Together.all(whose, who -> {
            try {
                return Objects.requireNonNull(questions.get(who)).get();
            } catch (ToolException e) {
                return Said.failed(e);
            }
        });
        Map<String, Said> said = new LinkedHashMap<>();
        for (int i = 0; i < whose.size(); i++) {
            said.put(whose.get(i), answers.get(i));
        }
        return new BySql(said);
    }

    private static String key(Group group, Member replica) {
        return group.name() + " " + replica.name();
    }

    Said leader(Group group) {
        return Objects.requireNonNull(said.get(group.name()));
    }

    Said replica(Group group, Member replica) {
        return Objects.requireNonNull(said.get(key(group, replica)));
    }
}
