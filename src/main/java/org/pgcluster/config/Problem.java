package org.pgcluster.config;

/** One thing that is wrong with the configuration: which key, where it was written, and what it takes. */
public record Problem(String key, String source, String text) {
    @Override
    public String toString() {
        return source + ": " + text;
    }
}
