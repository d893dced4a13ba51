package org.pgcluster.wire;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Certificates and keys as files have them. */
final class Pem {
    private static final String PKCS8 = "PRIVATE KEY";

    private Pem() {}

    static List<X509Certificate> certificates(Path file) {
        try {
            List<X509Certificate> found = new ArrayList<>();
            var bytes = new ByteArrayInputStream(Files.readAllBytes(file));
            for (var one : CertificateFactory.getInstance("X.509").generateCertificates(bytes)) {
                found.add((X509Certificate) one);
            }
            if (found.isEmpty()) {
                throw unusable(file, "holds no certificate", "It takes certificates in PEM.");
            }
            return found;
        } catch (IOException e) {
            throw unusable(file, "cannot be read", "Check the path and who may read it.");
        } catch (GeneralSecurityException e) {
            throw unusable(file, "holds no certificate", "It takes certificates in PEM.");
        }
    }

    static PrivateKey key(Path file) {
        String hint = "It takes an unencrypted key in PKCS#8: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW";
        String text;
        try {
            text = Files.readString(file, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw unusable(file, "cannot be read", "Check the path and who may read it.");
        }
        String begin = "-----BEGIN " + PKCS8 + "-----";
        int from = text.indexOf(begin);
        int to = text.indexOf("-----END " + PKCS8);
        if (from < 0 || to < from) {
            throw unusable(file, "holds no key in PKCS#8", hint);
        }
        byte[] bytes = Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
        for (String kind : List.of("RSA", "EC", "EdDSA")) {
            PrivateKey key = keyOf(kind, bytes);
            if (key != null) {
                return key;
            }
        }
        throw unusable(file, "holds a key of an unknown kind", hint);
    }

    private static @Nullable PrivateKey keyOf(String kind, byte[] bytes) {
        try {
            return KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(bytes));
        } catch (InvalidKeySpecException e) {
            return null; // a key of another kind
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ToolException unusable(Path file, String what, String hint) {
        return new ToolException(ErrorCode.NOT_CONFIGURED, file + " " + what + ".", hint);
    }
}
