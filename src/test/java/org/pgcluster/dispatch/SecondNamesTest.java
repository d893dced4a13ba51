package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.shape.JsonText;

/** Other servers' names for tools of this one. */
class SecondNamesTest {
    private static final List<String> NAMES = List.of(
            "get_top_queries",
            "slow_queries",
            "analyze_workload_indexes",
            "analyze_query_indexes",
            "database_overview",
            "cache_hit_rate",
            "checkpoints_stats",
            "wal_activity",
            "tables_info",
            "index_stats",
            "locking_info",
            "connection_stats",
            "database_sizes",
            "changed_settings",
            "version");

    @TempDir
    Path folder;

    private Settings settings(String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--dsn",
                "postgres://reader@127.0.0.1:1/app",
                "--state-dir",
                folder.resolve("state").toString()));
        flags.addAll(List.of(more));
        return Settings.load(new Inputs(flags, Map.of(), folder, folder, "Linux", "somebody"));
    }

    private static Map<String, Map<?, ?>> listed(Settings settings) {
        Map<String, Map<?, ?>> listed = new LinkedHashMap<>();
        List<?> tools = (List<?>)
                Objects.requireNonNull(JsonText.read(Catalogue.of(settings).toolsJsonArray()));
        for (Object tool : tools) {
            Map<?, ?> one = (Map<?, ?>) Objects.requireNonNull(tool);
            assertFalse(listed.containsKey(String.valueOf(one.get("name"))), () -> one.get("name") + " stands twice");
            listed.put(String.valueOf(one.get("name")), one);
        }
        return listed;
    }

    @Test
    void they_are_listed_only_where_that_is_asked_for() {
        Map<String, Map<?, ?>> usual = listed(settings());
        NAMES.forEach(name -> assertFalse(usual.containsKey(name), name));
        Map<String, Map<?, ?>> all = listed(settings("--list-aliases", "true"));
        NAMES.forEach(name -> assertTrue(all.containsKey(name), name));
        assertEquals(usual.size() + NAMES.size(), all.size());
        assertTrue(all.keySet().containsAll(usual.keySet()));
    }

    @Test
    void one_that_says_an_argument_by_itself_does_not_ask_for_it() {
        Map<?, ?> rate = Objects.requireNonNull(
                listed(settings("--list-aliases", "true")).get("cache_hit_rate"));
        assertEquals("The same as postgres_stats with topic: cache_hit_rate.", rate.get("description"));
        Map<?, ?> input = (Map<?, ?>) Objects.requireNonNull(rate.get("inputSchema"));
        assertEquals(List.of(), input.get("required"));
        assertFalse(String.valueOf(input.get("properties")).contains("topic"), input.toString());
    }

    @Test
    void each_can_be_called_listed_or_not() {
        for (String name : NAMES) {
            try (Dispatcher desk = new Dispatcher(new Workshop(settings(), "1"))) {
                Map<String, @Nullable Object> nothing = Map.of();
                Answer answer = desk.call(
                        new Request(name, nothing, Call.within(Duration.ofSeconds(20)), "a test", Optional.empty()));
                assertEquals("CONNECTION_FAILED", answer.structured().get("code"), name + ": " + answer.text());
            }
        }
    }
}
