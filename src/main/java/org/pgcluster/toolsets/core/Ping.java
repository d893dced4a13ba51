package org.pgcluster.toolsets.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Components.Sighting;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Everywhere;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Whether anybody is there, and how far away. */
public final class Ping implements Reads<Ping.Input, Ping.Output> {
    private static final Duration EACH = Duration.ofSeconds(3);

    record Input(
            @Says("Comes back instead of pong") @Range(max = 1000)
            Optional<String> message) {}

    record Output(String message, List<RoundTrip> roundTrips, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return message + (unavailable.isEmpty() ? "" : " (" + unavailable.size() + " out of reach)");
        }
    }

    record RoundTrip(String component, String where, double milliseconds) {}

    record One(@Nullable Integer one) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "ping",
                "Ping",
                Input.class,
                Output.class,
                "Answers pong, with the round trip in milliseconds to the database, each Citus node, Patroni, HAProxy and"
                        + " PgBouncer.");
    }

    /** Twice: the first one connects where that is still to be done. */
    private static RoundTrip trip(String component, String where, Sql sql) {
        sql.one(One.class, "SELECT 1 AS one");
        long started = System.nanoTime();
        sql.one(One.class, "SELECT 1 AS one");
        return new RoundTrip(component, where, Math.round((System.nanoTime() - started) / 10_000.0) / 100.0);
    }

    @Override
    public Output read(Input input, Context context) {
        List<RoundTrip> trips = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        List<Sighting> sightings = new ArrayList<>();
        Call call = context.call().atMost(EACH);
        List<Runnable> both = List.of(
                () -> {
                    var asked = Everywhere.ask(context.cluster(), call, EACH, Ping::trip);
                    trips.addAll(asked.answers());
                    unavailable.addAll(Unread.parts(asked.unavailable()));
                },
                () -> sightings.addAll(context.cluster().components().sightings(call, EACH)));
        try (var handle = context.call().onCancel(call::cancel)) {
            Together.run(both);
        }
        for (Sighting one : sightings) {
            if (one.why() == null) {
                trips.add(new RoundTrip(one.component(), one.where(), one.milliseconds()));
            } else {
                unavailable.add(new Unavailable(one.component(), one.where(), one.why()));
            }
        }
        return new Output(input.message().orElse("pong"), trips, unavailable);
    }
}
