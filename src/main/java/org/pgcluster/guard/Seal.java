package org.pgcluster.guard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA256 under one secret. Each use has a label of its own, so that no seal passes for another. Immutable. */
final class Seal {
    enum Label {
        REQUEST("request"),
        APPROVAL("approval"),
        TOKEN("token");

        private final String word;

        Label(String word) {
            this.word = word;
        }
    }

    private static final String VERSION = "pgcluster-mcp seal 1 ";

    private final SecretKeySpec key;

    Seal(byte[] secret) {
        this.key = new SecretKeySpec(secret, "HmacSHA256");
    }

    /** URL-safe, without padding: 43 characters. */
    String of(Label label, String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update((VERSION + label.word + "\n").getBytes(UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal(text.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java has HmacSHA256", e);
        }
    }

    /** Takes as long for a near miss as for any other. */
    boolean fits(Label label, String text, String seal) {
        return MessageDigest.isEqual(of(label, text).getBytes(UTF_8), seal.getBytes(UTF_8));
    }

    static String digest(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java has SHA-256", e);
        }
    }
}
