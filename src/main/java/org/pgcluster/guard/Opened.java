package org.pgcluster.guard;

import java.time.Duration;
import java.time.Instant;

/**
 * A request whose seal is intact. {@code body} is the sealed text itself: a consent covers every byte of it, so it is
 * bound to what was shown even when the file is replaced meanwhile. Immutable; only this package makes one.
 */
public final class Opened {
    private static final String HEAD = "pgcluster-mcp request 1";

    private final String body;
    private final String name;
    private final Draft draft;
    private final Instant asked;
    private final Instant expires;
    private final Duration consentLife;

    private Opened(String body, Lines lines) {
        this.body = body;
        this.name = lines.only("name");
        this.asked = Instant.parse(lines.only("asked"));
        this.expires = Instant.parse(lines.only("expires"));
        this.consentLife = Duration.parse(lines.only("consent_life"));
        this.draft = new Draft(
                lines.only("tool"),
                lines.only("cluster"),
                lines.only("cluster_identity"),
                lines.under("argument:"),
                lines.all("step"),
                lines.under("state:"),
                lines.only("plan"),
                Boolean.parseBoolean(lines.only("destructive")));
    }

    /** Only for a body whose seal was checked. */
    static Opened of(String body) {
        return new Opened(body, Lines.parse(HEAD, body));
    }

    static Opened fresh(String name, String nonce, Draft draft, Instant asked, Instant expires, Duration consentLife) {
        var lines = new Lines()
                .head(HEAD)
                .put("name", name)
                .put("nonce", nonce)
                .put("asked", asked.toString())
                .put("expires", expires.toString())
                .put("consent_life", consentLife.toString())
                .put("tool", draft.tool())
                .put("cluster", draft.cluster())
                .put("cluster_identity", draft.clusterIdentity())
                .put("destructive", Boolean.toString(draft.destructive()))
                .putAll("argument:", draft.arguments());
        draft.steps().forEach(step -> lines.put("step", step));
        lines.putAll("state:", draft.state()).put("plan", draft.planText());
        return of(lines.text());
    }

    public String name() {
        return name;
    }

    public Draft draft() {
        return draft;
    }

    public Instant asked() {
        return asked;
    }

    public Instant expires() {
        return expires;
    }

    /** The longest that a consent to this may live. */
    Duration consentLife() {
        return consentLife;
    }

    String body() {
        return body;
    }
}
