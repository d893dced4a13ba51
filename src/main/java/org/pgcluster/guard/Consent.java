package org.pgcluster.guard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

/** That somebody consented to one sealed request, and how long this is good for. Immutable. */
record Consent(String name, Approver approver, Instant given, Instant expires) {
    private static final String HEAD = "pgcluster-mcp approval 1";

    private String body() {
        return new Lines()
                .head(HEAD)
                .put("name", name)
                .put("who", approver.who())
                .put("how", approver.how().word())
                .put("given", given.toString())
                .put("expires", expires.toString())
                .text();
    }

    /** The seal covers the request's whole text, so it is good for no other. */
    String sealed(Seal seal, Opened request) {
        var body = body();
        return Sealed.wrap(body, seal.of(Seal.Label.APPROVAL, body + request.body()));
    }

    static Optional<Consent> unseal(Seal seal, Opened request, String whole) {
        return Sealed.body(seal, Seal.Label.APPROVAL, whole, request.body()).map(body -> {
            var lines = Lines.parse(HEAD, body);
            var how = Approver.How.valueOf(lines.only("how").toUpperCase(Locale.ROOT));
            return new Consent(
                    lines.only("name"),
                    new Approver(lines.only("who"), how),
                    Instant.parse(lines.only("given")),
                    Instant.parse(lines.only("expires")));
        });
    }

    /** Name, seconds of consent and expiry, who, seal: some 90 characters, none of which a chat changes. */
    String token(Seal seal, Opened request) {
        var who = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(approver.who().getBytes(UTF_8));
        var claims = name + "." + Long.toString(given.getEpochSecond(), 36) + "."
                + Long.toString(expires.getEpochSecond(), 36) + "." + who;
        return claims + "." + seal.of(Seal.Label.TOKEN, claims + "\n" + request.body());
    }

    static Optional<Consent> fromToken(Seal seal, Opened request, String token) {
        int last = token.lastIndexOf('.');
        var claims = token.substring(0, last);
        if (!seal.fits(Seal.Label.TOKEN, claims + "\n" + request.body(), token.substring(last + 1))) {
            return Optional.empty();
        }
        String[] parts = claims.split("\\.", -1);
        var who = new String(Base64.getUrlDecoder().decode(parts[3]), UTF_8);
        return Optional.of(new Consent(
                parts[0],
                new Approver(who, Approver.How.TOKEN),
                Instant.ofEpochSecond(Long.parseLong(parts[1], 36)),
                Instant.ofEpochSecond(Long.parseLong(parts[2], 36))));
    }
}
