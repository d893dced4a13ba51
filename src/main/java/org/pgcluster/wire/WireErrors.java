package org.pgcluster.wire;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Why a server could not be reached or understood, in one sentence, and what cures it. */
public final class WireErrors {
    /** How the text ends where the other side left in the middle. */
    public static final String HUNG_UP = " closed the connection before its answer ended.";

    /** How the text ends where the other side asked for a certificate and took none. */
    public static final String WANTS_CERTIFICATE = " wants a client certificate.";

    private WireErrors() {}

    /** {@code label} is what the server is called, {@code authorityKey} the key that names whom to trust there. */
    public static ToolException of(String label, Throwable failed, String authorityKey) {
        for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
            if (cause instanceof ToolException known) {
                return known;
            }
            if (cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException) {
                return failed(
                        label + " has a host name that this machine cannot resolve.",
                        "Check its spelling and this machine's DNS.");
            }
            if (cause instanceof NoSuchFileException) {
                return gone(label + " has no Unix socket there.", "Check the path, and that the server runs.");
            }
            if (cause instanceof AccessDeniedException) {
                return new ToolException(
                        ErrorCode.PERMISSION_DENIED,
                        label + " does not let this user open its socket.",
                        "Check the mode and owner of the socket's file.");
            }
            if (cause instanceof SSLException tls) {
                return tls(label, tls, authorityKey);
            }
        }
        return byText(label, failed);
    }

    private static ToolException byText(String label, Throwable failed) {
        String said = said(failed);
        if (failed instanceof ConnectException || said.contains("refused") || said.contains("no such file")) {
            return gone(
                    label + " refused the connection: nothing listens there.",
                    "Check host and port, and that the server runs.");
        }
        if (said.contains("permission denied")) {
            return new ToolException(
                    ErrorCode.PERMISSION_DENIED,
                    label + " does not let this user open its socket.",
                    "Check the mode and owner of the socket's file.");
        }
        if (failed instanceof EOFException
                || said.contains("eof")
                || said.contains("received no bytes")
                || said.contains("reset")
                || said.contains("content-length")
                || said.contains("chunk")
                || said.contains("broken pipe")
                || said.contains("closed")) {
            return failed(label + HUNG_UP, "Is it the right port?");
        }
        if (said.contains("status line") || said.contains("header") || said.contains("protocol")) {
            return new ToolException(
                    ErrorCode.UPSTREAM_ERROR, label + " does not speak HTTP there.", "Is it the right port?");
        }
        return failed(label + " could not be reached: " + failed.getMessage() + ".", null);
    }

    private static ToolException tls(String label, SSLException failed, String authorityKey) {
        String said = said(failed);
        if (said.contains("no subject alternative") || said.contains("no name matching") || said.contains("altnames")) {
            return failed(
                    label + " shows a certificate for another name.",
                    "Use the name that stands in the certificate, or have one issued for this name.");
        }
        if (said.contains("valid certification path")
                || said.contains("trustanchor")
                || said.contains("path validation")) {
            return failed(
                    label + " shows a certificate of an authority that is not trusted.",
                    "Name the authority's file in " + authorityKey + ".");
        }
        if (said.contains("unrecognized ssl message") || said.contains("plaintext connection")) {
            return failed(label + " does not speak TLS.", "Write http:// instead of https://, or switch TLS on there.");
        }
        // An alert is what the other side says of ours: newer JVMs pass it on where older ones saw a closed connection.
        boolean ofOurs = said.contains("received fatal alert")
                && (said.contains("certificate_unknown") || said.contains("unknown_ca"));
        if (ofOurs
                || said.contains("certificate_required")
                || said.contains("bad_certificate")
                || said.contains("handshake_failure")) {
            return failed(label + WANTS_CERTIFICATE, "Configure one with the keys for certificate and key.");
        }
        return failed(label + " could not agree on TLS: " + failed.getMessage() + ".", null);
    }

    private static String said(Throwable failed) {
        return String.valueOf(failed.getMessage()).toLowerCase(Locale.ROOT);
    }

    private static ToolException gone(String text, String hint) {
        return failed(text, hint).becauseNobodyListens();
    }

    private static ToolException failed(String text, @org.jspecify.annotations.Nullable String hint) {
        return new ToolException(ErrorCode.CONNECTION_FAILED, text, hint);
    }

    static IOException ended() {
        return new EOFException("closed");
    }
}
