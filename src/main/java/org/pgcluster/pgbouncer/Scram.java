package org.pgcluster.pgbouncer;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** A login by SCRAM-SHA-256 (RFC 5802, 7677), in which the server proves that it knows the password, too. */
final class Scram {
    static final String MECHANISM = "SCRAM-SHA-256";
    private static final String NO_CHANNEL_BINDING = "n,,";
    private static final int MOST_ITERATIONS = 1_000_000;

    private final String label;
    private final char[] password;
    private final String nonce;
    private String serverSignature = "";
    private boolean proven;

    Scram(String label, String password) {
        byte[] random = new byte[18];
        new SecureRandom().nextBytes(random);
        this.label = label;
        this.password = password.toCharArray();
        this.nonce = Base64.getEncoder().encodeToString(random);
    }

    String first() {
        return NO_CHANNEL_BINDING + bare();
    }

    /** PostgreSQL takes the user from the start of the session, so none is named here. */
    private String bare() {
        return "n=,r=" + nonce;
    }

    String answerTo(String challenge) {
        Map<String, String> said = attributes(challenge);
        String both = said.getOrDefault("r", "");
        int iterations = whole(said.getOrDefault("i", ""));
        if (!both.startsWith(nonce) || both.length() == nonce.length() || iterations < 1) {
            throw untrue("sent a challenge that does not continue the login");
        }
        String unproven = "c=" + Base64.getEncoder().encodeToString(NO_CHANNEL_BINDING.getBytes(StandardCharsets.UTF_8))
                + ",r=" + both;
        String signed = bare() + "," + challenge + "," + unproven;
        try {
            byte[] salted = salted(Base64.getDecoder().decode(said.getOrDefault("s", "")), iterations);
            byte[] clientKey = mac(salted, "Client Key");
            byte[] stored = MessageDigest.getInstance("SHA-256").digest(clientKey);
            byte[] proof = mac(stored, signed);
            for (int i = 0; i < proof.length; i++) {
                proof[i] ^= clientKey[i];
            }
            serverSignature = Base64.getEncoder().encodeToString(mac(mac(salted, "Server Key"), signed));
            return unproven + ",p=" + Base64.getEncoder().encodeToString(proof);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (IllegalArgumentException e) {
            throw untrue("sent a challenge with a salt that is none");
        }
    }

    /** Who does not know the password cannot sign. */
    void check(String last) {
        byte[] theirs = attributes(last).getOrDefault("v", "").getBytes(StandardCharsets.UTF_8);
        proven = !serverSignature.isEmpty()
                && MessageDigest.isEqual(serverSignature.getBytes(StandardCharsets.UTF_8), theirs);
        requireProof();
    }

    /** It may also leave out the proof and let anybody in. */
    void requireProof() {
        if (!proven) {
            throw untrue("could not prove that it knows the password");
        }
    }

    private byte[] salted(byte[] salt, int iterations) throws GeneralSecurityException {
        var derived = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                .generateSecret(new PBEKeySpec(password, salt, iterations, 256));
        return derived.getEncoded();
    }

    private static byte[] mac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> attributes(String message) {
        Map<String, String> attributes = new HashMap<>();
        for (int at = 0; at < message.length(); ) {
            int comma = message.indexOf(',', at);
            int end = comma < 0 ? message.length() : comma;
            if (end - at >= 2 && message.charAt(at + 1) == '=') {
                attributes.put(message.substring(at, at + 1), message.substring(at + 2, end));
            }
            at = end + 1;
        }
        return attributes;
    }

    /** A hostile server could otherwise keep this machine busy for hours. */
    private static int whole(String text) {
        try {
            int number = Integer.parseInt(text);
            return number > MOST_ITERATIONS ? -1 : number;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private ToolException untrue(String what) {
        return new ToolException(
                ErrorCode.PERMISSION_DENIED, label + " " + what + ".", "It may not be the server that it should be.");
    }
}
