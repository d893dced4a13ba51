package org.pgcluster.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

class ShapeTest {
    enum Mode {
        AUTO,
        FORCE_LOGICAL
    }

    record Page(
            @Says("Most to show") @Default("100") @Range(min = 1, max = 1000)
            int limit,

            @Default("0") @Range(min = 0) int offset) {}

    record Target(String host, Optional<Integer> port) {}

    record Move(long shardId, Mode mode, Target target) {}

    record Moves(List<Move> moves) {}

    record Window(int from, int to) {
        Window {
            if (from > to) {
                throw ToolException.invalidInput("`from` comes after `to`.", null);
            }
        }
    }

    record Windows(List<Window> windows) {}

    record Everything(
            String text,
            @Nullable String maybeText,
            boolean yes,
            int whole,
            long large,
            @Nullable Long maybeLarge,
            double near,
            BigDecimal exact,
            Instant moment,
            Duration took,
            Mode mode,
            @Nullable Mode maybeMode,
            List<Move> moves,
            List<@Nullable String> holes,
            Optional<String> leftOut,
            OptionalInt few,
            OptionalLong many,
            Map<String, @Nullable Object> patch,
            List<List<@Nullable Object>> rows,
            @Nullable Window window) {}

    record Loop(List<Loop> inner) {}

    record Unfit(StringBuilder text) {}

    record WrongDefault(@Default("many") int limit) {}

    record Typed(
            @Default("a,b") List<String> names,
            Optional<Duration> pause,
            Optional<Map<String, @Nullable Object>> patch) {}

    private static final Schema EVERYTHING =
            validator(Shape.of(Everything.class).outputSchema());

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '~',
            value = {
                "{\"ofset\":1,\"limit\":5000} # `ofset` is not an argument; it takes limit, offset."
                        + " `limit` is from 1 to 1000, not 5000.",
                "{\"limit\":\"5\"} # `limit` takes a whole number, not \"5\".",
                "{\"limit\":5.5} # `limit` takes a whole number, not 5.5.",
                "{\"limit\":1e99999} # `limit` takes a whole number, not 1E+99999.",
                "{\"limit\":9999999999} # `limit` is from 1 to 1000, not 9999999999.",
                "{\"limit\":true,\"offset\":-1} # `limit` takes a whole number, not true."
                        + " `offset` is at least 0, not -1."
            })
    void every_problem_of_a_call_is_named_at_once(String json, String expected) {
        var refused = refused(Page.class, json);
        assertEquals(expected, refused.text());
        assertEquals(ErrorCode.INVALID_INPUT, refused.code());
    }

    @Test
    void problems_inside_lists_and_records_say_where_they_are() {
        var refused = refused(
                Moves.class,
                "{\"moves\":[{\"shard_id\":1,\"mode\":\"fast\",\"target\":{}},"
                        + "{\"shard_id\":2,\"mode\":\"auto\",\"target\":\"w1\"},null]}");
        assertEquals(
                "`moves[0].mode` is one of auto, force_logical, not \"fast\". `moves[0].target.host` is required."
                        + " `moves[1].target` takes an object, not \"w1\". `moves[2]` is required.",
                refused.text());
    }

    @Test
    void a_mistyped_name_is_met_with_the_one_meant() {
        assertEquals(
                "Did you mean `offset` for `ofset`?",
                refused(Page.class, "{\"ofset\":1}").hint());
    }

    @Test
    void long_values_are_cut_where_they_are_quoted() {
        var text =
                refused(Page.class, "{\"limit\":\"" + "x".repeat(1000) + "\"}").text();
        assertTrue(text.length() < 120, text);
    }

    @Test
    void left_out_and_null_both_take_the_default_and_5_0_is_whole() {
        assertEquals(new Page(100, 0), bind(Page.class, "{}"));
        assertEquals(new Page(5, 0), bind(Page.class, "{\"limit\":5.0,\"offset\":null}"));
    }

    @Test
    void rules_of_a_record_speak_for_themselves() {
        assertEquals(
                "`from` comes after `to`.",
                refused(Window.class, "{\"from\":2,\"to\":1}").text());
        assertEquals(
                "`from` comes after `to`.",
                refused(Windows.class, "{\"windows\":[{\"from\":2,\"to\":1}]}").text());
    }

    @Test
    void nulls_inside_a_free_object_are_kept() {
        var bound = bind(Typed.class, "{\"patch\":{\"ttl\":null}}");
        assertTrue(bound.patch().orElseThrow().containsKey("ttl"));
    }

    @Test
    void texts_of_the_command_line_become_values() {
        var shape = Shape.of(Typed.class);
        assertEquals(List.of("a", "b"), shape.parse(Map.of()).names());
        assertEquals(List.of("c", "d"), shape.parse(Map.of("names", "c, d")).names());
        assertEquals(List.of("c,d"), shape.parse(Map.of("names", "[\"c,d\"]")).names());
        assertEquals(
                Optional.of(Duration.ofMillis(1500)),
                shape.parse(Map.of("pause", "1.5")).pause());
        assertEquals(
                "`limit` takes a whole number, not \"many\".",
                assertThrows(ToolException.class, () -> Shape.of(Page.class).parse(Map.of("limit", "many")))
                        .text());
    }

    @Test
    void records_that_cannot_be_carried_are_refused_when_built() {
        for (var unfit : List.of(Loop.class, Unfit.class, WrongDefault.class)) {
            assertThrows(IllegalArgumentException.class, () -> Shape.of(unfit));
        }
    }

    @Test
    void the_schema_says_what_may_be_left_out_and_what_may_be_null() {
        assertEquals(
                "{\"type\":\"object\",\"properties\":{\"limit\":{\"type\":\"integer\",\"description\":\"Most to show\","
                        + "\"minimum\":1,\"maximum\":1000,\"default\":100},\"offset\":{\"type\":\"integer\","
                        + "\"minimum\":0,\"default\":0}},\"additionalProperties\":false}",
                JsonText.write(Shape.of(Page.class).schema()));
        assertEquals(
                "{\"type\":\"object\",\"properties\":{\"shown\":{\"type\":\"integer\"},\"total\":{\"type\":\"integer\"},"
                        + "\"cursor\":{\"type\":[\"string\",\"null\"]}},\"required\":[\"shown\",\"total\",\"cursor\"]}",
                JsonText.write(Shape.of(Rest.class).outputSchema()));
    }

    @Test
    void whatever_is_written_fits_its_schema_and_comes_back_whole() {
        var random = new Random(20261121);
        var shape = Shape.of(Everything.class);
        for (var round = 0; round < 500; round++) {
            var value = everything(random);
            var json = JsonText.write(shape.write(value));
            assertEquals(List.of(), EVERYTHING.validate(json, InputFormat.JSON), json);
            assertEquals(value, shape.bind(object(json)), json);
        }
    }

    @Test
    void the_validator_does_object_to_what_does_not_fit() {
        var json = JsonText.write(Shape.of(Everything.class).write(everything(new Random(1))));
        assertTrue(!EVERYTHING
                .validate(json.replace("\"whole\":", "\"hole\":"), InputFormat.JSON)
                .isEmpty());
    }

    private static Everything everything(Random random) {
        var moves = new ArrayList<Move>();
        for (var count = random.nextInt(4); count > 0; count--) {
            var port = random.nextBoolean() ? Optional.of(random.nextInt()) : Optional.<Integer>empty();
            moves.add(new Move(random.nextLong(), Mode.FORCE_LOGICAL, new Target(text(random), port)));
        }
        var holes = new ArrayList<@Nullable String>();
        holes.add(null);
        holes.add(text(random));
        var patch = new LinkedHashMap<String, @Nullable Object>();
        patch.put(text(random), null);
        patch.put("exact", new BigDecimal("12345678901234567890.10"));
        var row = new ArrayList<@Nullable Object>();
        row.add(null);
        row.add(text(random));
        row.add(random.nextLong());
        row.add(random.nextBoolean());
        return new Everything(
                text(random),
                random.nextBoolean() ? null : text(random),
                random.nextBoolean(),
                random.nextInt(),
                random.nextBoolean() ? Long.MIN_VALUE : random.nextLong(),
                random.nextBoolean() ? null : Long.MAX_VALUE,
                random.nextGaussian() * Math.pow(10, random.nextInt(300)),
                new BigDecimal(new java.math.BigInteger(200, random), random.nextInt(50)),
                Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)),
                Duration.ofNanos(random.nextLong()),
                Mode.AUTO,
                random.nextBoolean() ? null : Mode.AUTO,
                moves,
                holes,
                random.nextBoolean() ? Optional.empty() : Optional.of(text(random)),
                random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt()),
                random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(random.nextLong()),
                patch,
                List.of(row, List.of()),
                random.nextBoolean() ? null : new Window(1, 2));
    }

    private static String text(Random random) {
        var text = new StringBuilder();
        for (var length = random.nextInt(12); length > 0; length--) {
            text.appendCodePoint(random.nextBoolean() ? random.nextInt(0xd800) : 0x10000 + random.nextInt(0x1000));
        }
        return text.toString();
    }

    private static Schema validator(Map<String, Object> schema) {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(JsonText.write(schema), InputFormat.JSON);
    }

    private static <R extends Record> R bind(Class<R> type, String json) {
        return Shape.of(type).bind(object(json));
    }

    private static ToolException refused(Class<? extends Record> type, String json) {
        return assertThrows(ToolException.class, () -> bind(type, json));
    }

    @SuppressWarnings("unchecked") // the reader gives objects only names that are texts
    private static Map<String, @Nullable Object> object(String json) {
        return (Map<String, @Nullable Object>) java.util.Objects.requireNonNull(JsonText.read(json));
    }
}
