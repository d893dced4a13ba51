package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;
import org.pgcluster.snapshot.Unavailable;

/** What these tools say in the same way. */
final class Parts {
    private Parts() {}

    static List<Unavailable> unavailable(List<Silent> silent) {
        return silent.stream()
                .map(one -> new Unavailable("citus", one.where(), one.why()))
                .toList();
    }

    /** Of two questions: a node that was silent twice is told once. */
    static List<Unavailable> unavailable(Round<?> one, Round<?> other) {
        return unavailable(silent(one, other));
    }

    static List<Silent> silent(Round<?> one, Round<?> other) {
        List<Silent> all = new ArrayList<>(one.silent());
        for (Silent silent : other.silent()) {
            if (all.stream().noneMatch(known -> known.nodeId() == silent.nodeId())) {
                all.add(silent);
            }
        }
        return all;
    }

    static String partial(List<Unavailable> unavailable) {
        return unavailable.isEmpty()
                ? ""
                : " Partial: " + unavailable.size() + (unavailable.size() == 1 ? " node" : " nodes")
                        + " gave no answer, so sizes and counts lack what lies there.";
    }

    /** Sums and shares lack what somebody holds exclusively just now. */
    static String withoutSize(@Nullable Long shards) {
        if (shards == null) {
            return "";
        }
        return " Somebody holds " + many(shards, "shard") + " exclusively: "
                + (shards == 1
                        ? "its bytes are missing, and what it belongs"
                        : "their bytes are missing, and what they belong")
                + " to is not compared.";
    }

    /** As {@link #withoutSize}, where nothing is compared. */
    static String unread(long shards) {
        return shards == 0
                ? ""
                : " The bytes of " + many(shards, "shard") + " are missing: somebody holds "
                        + (shards == 1 ? "it" : "them") + " exclusively, or the table is gone.";
    }

    /** The same for parts that each leave a number out where it is 0. */
    static <T> String unread(List<T> parts, Function<T, @Nullable Long> unknown) {
        return unread(parts.stream()
                .flatMap(part -> Optional.ofNullable(unknown.apply(part)).stream())
                .mapToLong(Long::longValue)
                .sum());
    }

    static String bytes(long bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    static String many(long count, String one) {
        return count + " " + (count == 1 ? one : one + "s");
    }
}
