package org.pgcluster.http;

import java.time.Instant;
import java.util.Optional;

/** What a server answered, with at most {@link Http#MOST_BYTES} of body; {@code date} is by its own clock. */
public record Reply(int status, String body, Optional<String> location, Optional<Instant> date) {
    public boolean ok() {
        return status >= 200 && status < 300;
    }

    /** By what it is: Patroni calls its plain sentences text/html, too. */
    public boolean isHtml() {
        return body.stripLeading().startsWith("<");
    }

    /** The body as one short line, for an error. */
    public String inShort() {
        String line = isHtml() ? "an HTML page" : body.strip().replaceAll("\\s+", " ");
        return line.length() <= 160 ? line : line.substring(0, 160) + "…";
    }
}
