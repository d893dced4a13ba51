package org.pgcluster.patroni;

import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A member as the DCS has it and as it sees itself. One of the two may be missing: a dead member is still in the DCS for
 * a while, and where the DCS is down only the members speak.
 *
 * @param silence why it did not answer itself
 * @param asked false where it was not asked at all: no time was left, or its address is not ours to ask
 */
public record Member(
        String name,
        @Nullable String api,
        Optional<DcsView.Row> dcs,
        Optional<OwnView> own,
        Optional<DcsView> seen,
        @Nullable String silence,
        boolean asked) {
    private static final Set<String> FAILED =
            Set.of("stopped", "crashed", "start failed", "restart failed", "stop failed");

    public Member(
            String name,
            @Nullable String api,
            Optional<DcsView.Row> dcs,
            Optional<OwnView> own,
            Optional<DcsView> seen,
            @Nullable String silence) {
        this(name, api, dcs, own, seen, silence, true);
    }

    /** As the DCS has it, or where that is silent, as it says itself. */
    public String role() {
        return dcs.map(DcsView.Row::role).orElseGet(() -> own.map(OwnView::role).orElse("unknown"));
    }

    public String state() {
        return own.map(OwnView::state)
                .orElseGet(() -> dcs.map(DcsView.Row::state).orElse("unknown"));
    }

    public Optional<String> address() {
        return dcs.filter(row -> row.host() != null).map(row -> row.host() + ":" + row.port());
    }

    public @Nullable Integer timeline() {
        return own.map(OwnView::timeline)
                .orElseGet(() -> dcs.map(DcsView.Row::timeline).orElse(null));
    }

    public @Nullable Long lagBytes() {
        return dcs.map(DcsView.Row::lagBytes).orElse(null);
    }

    /** Running or streaming, by its own word; versions before 3.0.4 know only the first. */
    public boolean healthy() {
        return own.isPresent() && (state().equals("running") || state().equals("streaming"));
    }

    /** By its own word, or where it does not come to say one, by the last that it left in the DCS. */
    public boolean isDown() {
        return own.isPresent() ? !healthy() : dcs.isPresent() && FAILED.contains(state());
    }

    public boolean hasTag(String tag) {
        return dcs.map(row -> row.tags().contains(tag + "=true")).orElse(false);
    }

    /** It is told to stream from another replica. */
    public boolean isFedByAnother() {
        return dcs.map(row -> row.tags().stream().anyMatch(tag -> tag.startsWith("replicatefrom=")))
                .orElse(false);
    }

    /** By its tags: nofailover, or since 3.2 a failover_priority of 0 where nofailover says nothing. */
    public boolean mayNeverLead() {
        return hasTag("nofailover")
                || dcs.map(row -> row.tags().contains("failover_priority=0")
                                && !row.tags().contains("nofailover=false"))
                        .orElse(false);
    }
}
