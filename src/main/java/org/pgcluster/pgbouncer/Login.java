package org.pgcluster.pgbouncer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.pgcluster.config.Dsn;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Answers what a server asks until it lets us in: trust, password, MD5 or SCRAM. Used once. */
final class Login {
    private static final int OK = 0;
    private static final int CLEAR_TEXT = 3;
    private static final int MD5 = 5;
    private static final int SASL = 10;
    private static final int SASL_CONTINUE = 11;
    private static final int SASL_FINAL = 12;

    private final Line line;
    private final Dsn dsn;
    private final boolean mayGoInClear;

    Login(Line line, Dsn dsn, boolean mayGoInClear) {
        this.line = line;
        this.dsn = dsn;
        this.mayGoInClear = mayGoInClear;
    }

    void run() {
        Scram scram = null;
        while (true) {
            Message message = line.next();
            if (message.type() == 'E') {
                throw refused(message);
            }
            if (message.type() != 'R') {
                throw line.stranger();
            }
            switch (message.firstNumber()) {
                case OK -> {
                    if (scram != null) {
                        scram.requireProof();
                    }
                    return;
                }
                case CLEAR_TEXT -> line.send('p', ended(clearText()));
                case MD5 -> line.send('p', ended(md5(message.afterFirstNumber())));
                case SASL -> {
                    scram = new Scram(line.label(), password());
                    line.send('p', firstOfSasl(scram.first()));
                }
                case SASL_CONTINUE -> {
                    String answer = started(scram).answerTo(new String(message.afterFirstNumber(), UTF_8));
                    line.send('p', answer.getBytes(UTF_8));
                }
                case SASL_FINAL -> started(scram).check(new String(message.afterFirstNumber(), UTF_8));
                default ->
                    throw new ToolException(
                            ErrorCode.UNSUPPORTED,
                            line.label() + " asks for a login of kind " + message.firstNumber() + ".",
                            "Let auth_type be scram-sha-256, md5, plain, trust or cert.");
            }
        }
    }

    private Scram started(@org.jspecify.annotations.Nullable Scram scram) {
        if (scram == null) {
            throw line.stranger();
        }
        return scram;
    }

    private static byte[] firstOfSasl(String first) {
        byte[] mechanism = ended(Scram.MECHANISM);
        byte[] text = first.getBytes(UTF_8);
        return ByteBuffer.allocate(mechanism.length + 4 + text.length)
                .put(mechanism)
                .putInt(text.length)
                .put(text)
                .array();
    }

    private String clearText() {
        if (!mayGoInClear) {
            throw new ToolException(
                    ErrorCode.PERMISSION_DENIED,
                    line.label()
                            + " asks for the password in clear text over a connection that may be read on its way.",
                    "Let auth_type be scram-sha-256, connect with sslmode=require, or set allow_plaintext: true.");
        }
        return password();
    }

    private String md5(byte[] salt) {
        String inner = digest((password() + dsn.user().orElse("")).getBytes(UTF_8));
        byte[] text = inner.getBytes(UTF_8);
        byte[] both = ByteBuffer.allocate(text.length + salt.length)
                .put(text)
                .put(salt)
                .array();
        return "md5" + digest(both);
    }

    /** The protocol's own MD5; nothing here chooses it. */
    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private String password() {
        return dsn.password()
                .map(Secret::reveal)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.PERMISSION_DENIED,
                        line.label() + " asks for a password of " + dsn.user().orElse("?")
                                + ", and none is configured.",
                        "Put it in pgbouncer_dsns or in ~/.pgpass."));
    }

    private ToolException refused(Message message) {
        String said = message.fields().getOrDefault('M', "");
        return new ToolException(
                said.contains("authentication") || said.contains("password") || said.contains("no such user")
                        ? ErrorCode.PERMISSION_DENIED
                        : ErrorCode.UPSTREAM_ERROR,
                line.label() + " does not let " + dsn.user().orElse("?") + " in: " + said + ".",
                "The user must stand in auth_file and in admin_users or stats_users; the database is pgbouncer.");
    }

    static byte[] ended(String text) {
        return (text + "\0").getBytes(UTF_8);
    }
}
