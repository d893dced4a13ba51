package org.pgcluster.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** The DCS as one member shows it. */
public record DcsView(@Nullable String scope, List<Row> members, boolean paused, Optional<Switchover> scheduled) {
    public DcsView {
        members = List.copyOf(members);
    }

    /** {@code lagBytes} is none for a leader, and for a member whose lag Patroni calls unknown. */
    public record Row(
            String name,
            String role,
            String state,
            @Nullable String host,
            @Nullable Integer port,
            @Nullable String api,
            @Nullable Integer timeline,
            @Nullable Long lagBytes,
            @Nullable Long receiveLagBytes,
            List<String> tags,
            boolean pendingRestart,
            List<String> restartReasons,
            @Nullable String scheduledRestart) {
        public boolean leads() {
            return role.equals("leader") || role.equals("standby_leader");
        }
    }

    /** A switchover that waits for its time. */
    public record Switchover(
            String at, @Nullable String from, @Nullable String to) {}

    public Optional<Row> leader() {
        return members.stream().filter(Row::leads).findFirst();
    }

    static DcsView of(Fields json) {
        return new DcsView(
                json.text("scope"),
                json.objects("members").stream().map(DcsView::row).toList(),
                json.truth("pause"),
                json.object("scheduled_switchover")
                        .map(one -> new Switchover(one.text("at", "?"), one.text("from"), one.text("to"))));
    }

    private static Row row(Fields json) {
        String api = json.text("api_url");
        Long port = json.whole("port");
        Long timeline = json.whole("timeline");
        return new Row(
                json.text("name", "?"),
                role(json.text("role", "unknown")),
                json.text("state", "unknown"),
                json.text("host"),
                port == null ? null : (Integer) port.intValue(),
                api == null || !api.startsWith("http") ? null : Rest.base(api),
                timeline == null ? null : (Integer) timeline.intValue(),
                json.whole("lag"),
                json.whole("receive_lag"),
                json.object("tags").map(DcsView::pairs).orElse(List.of()),
                json.truth("pending_restart"),
                json.object("pending_restart_reason").map(DcsView::pairs).orElse(List.of()),
                json.object("scheduled_restart")
                        .map(one -> one.text("schedule"))
                        .orElse(null));
    }

    private static String role(String said) {
        return said.equals("master") || said.equals("primary") ? "leader" : said;
    }

    private static List<String> pairs(Fields json) {
        List<String> pairs = new ArrayList<>();
        for (Map.Entry<?, ?> one : json.json().entrySet()) {
            String value = one.getValue() instanceof Map<?, ?> change
                    ? change.get("old_value") + " -> " + change.get("new_value")
                    : one.getValue() instanceof String text ? text : JsonText.write(one.getValue());
            pairs.add(one.getKey() + "=" + value);
        }
        return pairs;
    }
}
