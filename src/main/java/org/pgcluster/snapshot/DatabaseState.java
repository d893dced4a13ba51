package org.pgcluster.snapshot;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one database says of itself, as facts of several kinds; a kind that could not be read is missing, and of one that is
 * {@code cut} there is more. Immutable.
 */
public record DatabaseState(String where, List<Fact> facts, List<String> cut, List<Unavailable> unavailable) {
    public DatabaseState {
        cut = List.copyOf(cut);
        facts = List.copyOf(facts);
        unavailable = List.copyOf(unavailable);
    }

    public Stream<Fact> of(String kind) {
        return facts.stream().filter(fact -> fact.kind().equals(kind));
    }

    /** One row of the answer to the question of a kind; {@code values} are in the order in which they are told. */
    public record Fact(String kind, String subject, Map<String, @Nullable Object> values) {
        /** Zero where the server had none. */
        public double number(String name) {
            return values.get(name) instanceof Number number ? new BigDecimal(number.toString()).doubleValue() : 0;
        }

        public Optional<String> text(String name) {
            return Optional.ofNullable(values.get(name)).map(String::valueOf);
        }

        public boolean is(String name) {
            return Boolean.TRUE.equals(values.get(name));
        }

        public boolean has(String name) {
            return values.get(name) != null;
        }
    }
}
