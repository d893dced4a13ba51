package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.shape.JsonText;
import org.pgcluster.toolsets.patroni.SettingRules.Known;

/** Patches as Patroni merges them, the way back, and what it takes without doing it. */
class ConfigPatchTest {
    private static Map<?, ?> json(String text) {
        return (Map<?, ?>) Objects.requireNonNull(JsonText.read(text.replace('\'', '"')));
    }

    @ParameterizedTest(name = "{0} with {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'ttl': 20}|{'ttl': 30}|{'ttl': 30}|{'ttl': 20}",
                "{'ttl': 20}|{'loop_wait': 5}|{'ttl': 20, 'loop_wait': 5}|{'loop_wait': null}",
                "{'ttl': 20}|{'ttl': null}|{}|{'ttl': 20}",
                "{'ttl': 20}|{'ttl': 20}|{'ttl': 20}|{}",
                "{'p': {'q': {'a.b': 1, 'c': 2}}}|{'p': {'q': {'a.b': 3}}}|{'p': {'q': {'a.b': 3, 'c': 2}}}|{'p': {'q': {'a.b': 1}}}",
                "{'p': {'a': 1}}|{'p': {'b': {'c': 1}}}|{'p': {'a': 1, 'b': {'c': 1}}}|{'p': {'b': null}}",
                "{'p': 1}|{'p': {'a': 1}}|{'p': {'a': 1}}|{'p': 1}",
                "{'p': {'a': 1}}|{'p': 2}|{'p': 2}|{'p': {'a': 1}}"
            })
    void the_undo_of_a_patch_gives_what_was_before(String before, String patch, String after, String undo) {
        Map<String, Object> merged = ConfigPatch.merged(json(before), json(patch));
        assertEquals(json(after), merged);
        assertEquals(json(undo), ConfigPatch.undo(json(before), json(patch)));
        assertEquals(json(before), ConfigPatch.merged(merged, ConfigPatch.undo(json(before), json(patch))));
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "ttl|30|-",
                "ttl|half a minute|goes on with ALL of the old configuration",
                "synchronous_mode|quorum|-",
                "slots.mine.type|physical|-",
                "tll|30|knows no such setting",
                "postgresql.use_slots|true|-",
                "postgresql.data_dir|/x|own file only",
                "postgresql.authentication.superuser.password|x|own file only",
                "postgresql.parameters.work_mem|5MB|-",
                "postgresql.parameters.port|1|sets it by itself",
                "postgresql.parameters.hot_standby|off|sets it by itself",
                "postgresql.parameters.max_connections|24|no less than 25",
                "postgresql.parameters.max_connections|25|-",
                "postgresql.parameters.wal_level|replica|keeps it at logical",
                "postgresql.parameters.wal_level|logical|-",
                "postgresql.parameters.synchronous_standby_names|a|in synchronous mode"
            })
    void what_patroni_takes_and_does_not_do_is_known_before(String path, String value, String why) {
        String found = SettingRules.ignored(path, value, true, true).orElse(null);
        assertEquals(why == null, found == null, found);
        assertEquals(true, why == null || String.valueOf(found).contains(why), found);
    }

    @ParameterizedTest(name = "a {0} {1} set to {5}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "-|-|-|-|-|1|knows no such parameter",
                "integer|kB|64|2147483647|-|5MB|without a restart",
                "integer|kB|64|2147483647|-|1kB|takes the nearest",
                "integer|kB|64|2147483647|-|much|leaves it out",
                "real|-|0|100|-|1.5|without a restart",
                "bool|-|-|-|-|maybe|leaves it out",
                "bool|-|-|-|-|on|without a restart",
                "enum|-|-|-|local,on,off|true|without a restart",
                "enum|-|-|-|minimal,replica,logical|much|leaves it out",
                "string|-|-|-|-|anything|without a restart"
            })
    void what_postgresql_would_not_take_is_known_before(
            String kind, String unit, String least, String most, String words, String value, String told) {
        Known known = new Known("x", kind == null ? null : "user", kind, unit, least, most, words, false);
        String found = SettingRules.fate(known, value).words();
        assertEquals(true, found.contains(told), found);
    }
}
