package org.pgcluster.toolsets.postgres;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Member;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.Sessions.Place;

/** Drops a slot that nobody reads, never one of a member of Patroni. */
public final class DropReplicationSlot
        implements Acts<DropReplicationSlot.Input, DropReplicationSlot.Looked, DropReplicationSlot.Output> {
    private static final Duration PATRONI = Duration.ofSeconds(2);

    record Input(
            @Says("Name") String slot,
            @Says("Where it is: id or host:port") Optional<String> node) {}

    record Looked(
            String where,
            String slot,
            String kind,
            @Nullable String plugin,
            @Nullable String database) {}

    record Output(String slot, String where, boolean gone) implements InWords {
        @Override
        public String inWords() {
            return "Slot " + slot + " on " + where + (gone ? " is dropped." : " is still there.");
        }
    }

    record Slot(
            String name,
            String kind,
            @Nullable String plugin,
            @Nullable String database,
            boolean active,
            @Nullable Integer activePid,
            @Nullable String walStatus,
            @Nullable Long retained,
            boolean subscribed) {}

    private record Gone(boolean gone) {}

    private static final String SLOT = """
            SELECT slot_name::text AS name, slot_type AS kind, plugin::text AS plugin, database::text AS database, active,
                   active_pid, wal_status,
                   pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn()
                                   END, restart_lsn)::bigint AS retained,
                   coalesce((to_jsonb(slot) ->> 'synced')::boolean, false) AS subscribed
              FROM pg_replication_slots AS slot WHERE slot_name = ?::text
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "drop_replication_slot",
                "Drop a replication slot",
                Input.class,
                Output.class,
                "Drops a slot that nobody reads, so that its WAL can go. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Place place = place(input, context);
        Sql sql = new Sessions(context).at(place);
        Slot slot = sql.ifAny(Slot.class, SLOT, input.slot())
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no slot " + input.slot() + " on " + place.where() + ".",
                        "cluster_health and citus_leftovers show slots; a slot on a worker needs `node`."));
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "nobody reads it",
                !slot.active(),
                slot.active() ? "session " + slot.activePid() + " reads it" : "inactive, WAL " + slot.walStatus()));
        checks.add(patroni(input.slot(), context));
        if (slot.subscribed()) {
            checks.add(Plan.check("it is this server's own", false, "it is copied from the primary: drop it there"));
        }
        return new Plan<>(
                "Drops " + slot.kind() + " slot " + slot.name() + " on " + place.where() + ", which keeps "
                        + (slot.retained() == null ? "an unknown amount" : slot.retained() + " bytes") + " of WAL",
                new Looked(place.where(), slot.name(), slot.kind(), slot.plugin(), slot.database()),
                checks,
                List.of(RemoteStep.of(
                        place,
                        "SELECT pg_catalog.pg_drop_replication_slot('"
                                + slot.name().replace("'", "''") + "')")),
                new Consequences(
                        "Nothing.",
                        "",
                        "cluster_health",
                        "",
                        "None: a reader that comes back must be made anew from a new copy.",
                        "",
                        true,
                        Map.of()));
    }

    private static Place place(Input input, Context context) {
        return input.node()
                .map(new Sessions(context)::named)
                .orElseGet(() -> new Place("coordinator", Optional.empty()));
    }

    /** Patroni names a member's slot after the member and makes it again; without it the member's WAL may be gone. */
    private static Check patroni(String slot, Context context) {
        String what = "it belongs to no member of Patroni";
        if (!context.cluster().components().hasPatroni()) {
            return new Check(what, Verdict.UNKNOWN, "no patroni_urls are configured, so nobody was asked");
        }
        try {
            List<String> members = context.cluster().patroni(context.call(), PATRONI).groups().stream()
                    .flatMap(group -> group.members().stream())
                    .map(Member::name)
                    .toList();
            boolean member = members.stream().anyMatch(name -> slot.equals(slotOf(name)));
            return Plan.check(what, !member, member ? "it is the slot of a member" : "members: " + members);
        } catch (ToolException e) {
            return new Check(what, Verdict.UNKNOWN, "Patroni did not answer: " + e.text());
        }
    }

    /** What Patroni makes of a name for a slot. */
    private static String slotOf(String member) {
        return member.toLowerCase(Locale.ROOT).replaceAll("[-.]", "_").replaceAll("[^a-z0-9_]", "");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        RemoteStep.run((Step.Statement) plan.steps().get(0), hands);
        boolean gone = new Sessions(context)
                .at(place(input, context))
                .one(
                        Gone.class,
                        "SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ?::text) AS gone",
                        input.slot())
                .gone();
        return new Output(input.slot(), plan.looked().where(), gone);
    }
}
