package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** Whatever stands in whichever field of Patroni's answers, no tool fails by itself. */
class StrangeValuesTest {
    private static final List<String> STRANGE = List.of("null", "[[1]]", "\"\"", "-1e30");

    @TempDir
    Path folder;

    private static Map<String, String> answers(List<FakePatroni> group) {
        String leader = "{\"name\": \"a\", \"role\": \"leader\", \"state\": \"running\", \"api_url\": \""
                + group.get(0).url() + "/patroni\", \"host\": \"127.0.0.1\", \"port\": 1, \"timeline\": 3}";
        String replica = "{\"name\": \"b\", \"role\": \"replica\", \"state\": \"streaming\", \"api_url\": \""
                + group.get(1).url() + "/patroni\", \"host\": \"127.0.0.1\", \"port\": 2, \"timeline\": 3, \"lag\": 0,"
                + " \"receive_lag\": 0, \"tags\": {\"nofailover\": true}, \"pending_restart\": true,"
                + " \"pending_restart_reason\": {\"max_connections\": {\"old_value\": \"1\", \"new_value\": \"2\"}},"
                + " \"scheduled_restart\": {\"schedule\": \"2099-01-01T00:00:00+00:00\"}}";
        return new LinkedHashMap<>(Map.of(
                "GET /cluster",
                "{\"scope\": \"s\", \"pause\": true, \"scheduled_switchover\": {\"at\": \"2099-01-01T00:00:00+00:00\","
                        + " \"from\": \"a\", \"to\": \"b\"}, \"members\": [" + leader + "," + replica + "]}",
                "GET /patroni",
                "{\"state\": \"running\", \"role\": \"master\", \"server_version\": 150020, \"timeline\": 3,"
                        + " \"postmaster_start_time\": \"2026-01-01 00:00:00.000+00:00\", \"dcs_last_seen\": 1700000000,"
                        + " \"database_system_identifier\": \"7\", \"cluster_unlocked\": true, \"pause\": true,"
                        + " \"xlog\": {\"location\": 5000, \"received_location\": 1, \"replayed_location\": 1,"
                        + " \"replayed_timestamp\": \"2026-01-01 00:00:00.000+00:00\", \"paused\": false},"
                        + " \"replication\": [{\"application_name\": \"b\", \"state\": \"streaming\", \"sync_state\": \"sync\"}],"
                        + " \"patroni\": {\"version\": \"3.0.2\", \"scope\": \"s\", \"name\": \"a\"}}",
                "GET /config",
                "{\"ttl\": 20, \"loop_wait\": 1, \"retry_timeout\": 5, \"maximum_lag_on_failover\": 1,"
                        + " \"synchronous_mode\": true, \"synchronous_mode_strict\": true,"
                        + " \"postgresql\": {\"use_slots\": true, \"parameters\": {\"max_connections\": 100}},"
                        + " \"slots\": {\"x\": {\"type\": \"physical\"}}}",
                "GET /history",
                "[[1, 67109024, \"no recovery target specified\", \"2026-11-21T10:51:58.300917+00:00\", \"a\"]]"));
    }

    private static Object read(String json) {
        return Objects.requireNonNull(JsonText.read(json));
    }

    /** Each place of the document in turn is taken by each strange value. */
    @SuppressWarnings("unchecked") // a document of JSON has no other lists and objects
    private static void mutate(@Nullable Object json, Object root, Consumer<String> with) {
        if (json instanceof Map<?, ?> map) {
            var object = (Map<String, @Nullable Object>) map;
            for (String key : List.copyOf(object.keySet())) {
                taken(object.get(key), value -> object.put(key, value), root, with);
            }
        } else if (json instanceof List<?> list) {
            var array = (List<@Nullable Object>) list;
            for (int i = 0; i < array.size(); i++) {
                int at = i;
                taken(array.get(i), value -> array.set(at, value), root, with);
            }
        }
    }

    private static void taken(
            @Nullable Object before, Consumer<@Nullable Object> place, Object root, Consumer<String> with) {
        for (String strange : STRANGE) {
            place.accept(JsonText.read(strange));
            with.accept(JsonText.write(root));
        }
        place.accept(before);
        mutate(before, root, with);
    }

    @ParameterizedTest(name = "{0} of {1}")
    @CsvSource({
        "patroni_cluster_status, GET /cluster",
        "patroni_replication_lag, GET /patroni",
        "patroni_config, GET /config",
        "patroni_history, GET /history"
    })
    @Tag("slow")
    void no_field_of_patroni_brings_a_tool_down(String tool, String request) {
        List<FakePatroni> group = FakePatroni.group("a", "b");
        List<String> failed = new ArrayList<>();
        Map<String, String> keys = Map.of("patroni_urls", group.get(0).url(), "http_timeout_ms", "900");
        try (Lab lab = Lab.with(folder, keys)) {
            Map<String, String> answers = answers(group);
            answers.forEach((asked, body) -> group.forEach(member -> member.answers(asked, 200, body)));
            Object json = read(Objects.requireNonNull(answers.get(request)));
            mutate(json, json, body -> {
                group.forEach(member -> member.answers(request, 200, body));
                Answer answer = lab.call(tool);
                if ("INTERNAL".equals(answer.structured().get("code"))) {
                    failed.add(body);
                }
            });
        } finally {
            group.forEach(FakePatroni::close);
        }
        assertEquals(List.of(), failed);
    }
}
