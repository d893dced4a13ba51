package org.pgcluster.toolsets.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Whether anybody is there, and how far away. */
public final class Ping implements Reads<Ping.Input, Ping.Output> {
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
                "Answers pong, with the round trip to the database in milliseconds.");
    }

    @Override
    public Output read(Input input, Context context) {
        List<RoundTrip> trips = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        String where = context.cluster().addressInWords().orElse("not configured");
        try {
            context.sql().one(One.class, "SELECT 1 AS one"); // connects where that is still to be done
            long started = System.nanoTime();
            context.sql().one(One.class, "SELECT 1 AS one");
            trips.add(new RoundTrip("postgres", where, (System.nanoTime() - started) / 1_000_000.0));
        } catch (ToolException e) {
            unavailable.add(new Unavailable("postgres", where, e.text()));
        }
        return new Output(input.message().orElse("pong"), trips, unavailable);
    }
}
