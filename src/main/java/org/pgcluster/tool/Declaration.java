package org.pgcluster.tool;

import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Shape;

/** What clients are told about a tool. */
public record Declaration<I extends Record, O extends Record & InWords>(
        String name,
        String title,
        String description,
        Class<I> inputType,
        Class<O> outputType,
        Kind kind,
        Reach reach) {
    /** What the annotations of the protocol say. */
    public enum Kind {
        READS,
        /** Reads the estate, yet changes what is the server's own. */
        STEERS,
        CHANGES,
        DESTROYS
    }

    /** Whether a call belongs to one cluster. */
    public enum Reach {
        CLUSTER,
        SERVER
    }

    public Shape<I> input() {
        return Shape.of(inputType);
    }

    public Shape<O> output() {
        return Shape.of(outputType);
    }

    public static <I extends Record, O extends Record & InWords> Declaration<I, O> reads(
            String name, String title, Class<I> input, Class<O> output, String description) {
        return new Declaration<>(name, title, description, input, output, Kind.READS, Reach.CLUSTER);
    }

    public static <I extends Record, O extends Record & InWords> Declaration<I, O> changes(
            String name, String title, Class<I> input, Class<O> output, String description) {
        return new Declaration<>(name, title, description, input, output, Kind.CHANGES, Reach.CLUSTER);
    }

    public static <I extends Record, O extends Record & InWords> Declaration<I, O> destroys(
            String name, String title, Class<I> input, Class<O> output, String description) {
        return new Declaration<>(name, title, description, input, output, Kind.DESTROYS, Reach.CLUSTER);
    }

    public Declaration<I, O> ofServer() {
        return new Declaration<>(name, title, description, inputType, outputType, kind, Reach.SERVER);
    }

    public Declaration<I, O> steers() {
        return new Declaration<>(name, title, description, inputType, outputType, Kind.STEERS, reach);
    }
}
