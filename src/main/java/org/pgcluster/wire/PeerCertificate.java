package org.pgcluster.wire;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ToolException;

/** The certificate that a server shows. Whoever it is for, nothing is told to that server: the connection ends there. */
public final class PeerCertificate {
    private static final byte[] POSTGRES_ASKS_FOR_TLS = {0, 0, 0, 8, 4, (byte) 0xd2, 0x16, 0x2f};

    private PeerCertificate() {}

    /** Empty where the server offers no TLS or did not answer in time. */
    public static Optional<X509Certificate> of(Address address, boolean postgres, Duration limit, Call call) {
        var seen = new Seen();
        try (Wire wire = Wire.to(address.toString(), address, limit, call)) {
            if (postgres) {
                wire.send(POSTGRES_ASKS_FOR_TLS);
                if (wire.take(1)[0] != 'S') {
                    return Optional.empty();
                }
            }
            wire.encrypt(context(seen), address, null, "");
        } catch (ToolException e) {
            return Optional.ofNullable(seen.certificate); // a server that wants one from us has shown its own by then
        }
        return Optional.ofNullable(seen.certificate);
    }

    private static SSLContext context(Seen seen) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {seen}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Seen extends X509ExtendedTrustManager {
        private @Nullable X509Certificate certificate;

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket) {
            certificate = chain[0];
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine) {
            certificate = chain[0];
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind) {
            certificate = chain[0];
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
