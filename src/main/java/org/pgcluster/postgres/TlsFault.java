package org.pgcluster.postgres;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.sql.SQLException;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why the two ends of a connection did not agree on TLS, and what cures it. The driver speaks English here. */
final class TlsFault {
    private TlsFault() {}

    static @Nullable Unreachable of(SQLException e, Target target, String said) {
        var here = ofThisHost(target, said);
        return here != null ? here : ofServer(e, target, said);
    }

    /** Files that sslrootcert, sslcert and sslkey name. */
    private static @Nullable Unreachable ofThisHost(Target target, String said) {
        if (said.contains("root certificate file")) {
            return Unreachable.failed(
                    target,
                    "could not be verified: " + said,
                    "Name the PEM file of the authority that signed the server's certificate in sslrootcert, or"
                            + " sslrootcert=system for the authorities that Java knows.");
        }
        if (said.contains("password for SSL key")) {
            return Unreachable.failed(
                    target, "needs a client key that is locked by a password.", "Give its password in sslpassword.");
        }
        if (said.contains("SSL key file")) {
            return Unreachable.failed(
                    target,
                    "needs a client key, and there is none that can be read: " + said,
                    "sslkey takes PKCS-8 (DER, or PEM without a password) or PKCS-12. To convert: openssl pkcs8 -topk8"
                            + " -in client.key -outform DER -out client.pk8 (a password then goes into sslpassword).");
        }
        if (said.contains("cert chain")) {
            return Unreachable.failed(
                    target,
                    "needs a client certificate, and "
                            + target.dsn().parameters().getOrDefault("sslcert", "its file") + " cannot be read.",
                    "Name its PEM file in sslcert, its key in sslkey.");
        }
        return null;
    }

    private static @Nullable Unreachable ofServer(SQLException e, Target target, String said) {
        if (said.contains("does not support SSL")) {
            return Unreachable.failed(
                    target,
                    "does not speak TLS, which sslmode asks for.",
                    "Switch ssl on at the server, or set sslmode=prefer where the network is trusted.");
        }
        if (said.contains("could not be verified by hostnameverifier")) {
            return Unreachable.failed(
                    target,
                    "shows a certificate for another host name.",
                    "Connect by a name that stands in the certificate, have it made for this one, or verify only the"
                            + " authority with sslmode=verify-ca.");
        }
        if (causes(e).anyMatch(CertificateExpiredException.class::isInstance)
                || causes(e).anyMatch(CertificateNotYetValidException.class::isInstance)) {
            return Unreachable.failed(
                    target,
                    "shows a certificate that is out of its time.",
                    "Renew it at the server, or set the clock of this host.");
        }
        if (causes(e).anyMatch(CertPathBuilderException.class::isInstance)) {
            return Unreachable.failed(
                    target,
                    "shows a certificate that no authority trusted here has signed.",
                    "Name the PEM file of its authority in sslrootcert.");
        }
        return causes(e)
                .filter(SSLException.class::isInstance)
                .findFirst()
                .map(
                        cause -> Unreachable.failed(
                                target,
                                "could not agree on TLS: " + ServerTexts.masked(String.valueOf(cause.getMessage()))
                                        + ".",
                                "See the server's log; sslcert and sslkey name a client certificate, sslrootcert the authority."))
                .orElse(null);
    }

    private static Stream<Throwable> causes(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause);
    }
}
