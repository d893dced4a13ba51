package org.pgcluster.dispatch;

import java.time.Duration;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Declaration;

/** One act that somebody wants, bound and with its cluster chosen. */
record Wanted<I extends Record, S extends Record, O extends Record & InWords>(
        Acts<I, S, O> act,
        Declaration<I, O> declared,
        Listed listed,
        I input,
        Envelope envelope,
        Cluster cluster,
        Request request) {
    /** The same, under a deadline of its own. */
    Wanted<I, S, O> goingOn(Duration limit) {
        Request later = new Request(
                request.tool(), request.arguments(), request.call().goingOn(limit), request.client(), request.asker());
        return new Wanted<>(act, declared, listed, input, envelope, cluster, later);
    }
}
