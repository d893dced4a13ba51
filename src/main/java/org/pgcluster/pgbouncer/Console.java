package org.pgcluster.pgbouncer;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.wire.Tls;
import org.pgcluster.wire.Wire;

/**
 * A session with PgBouncer's admin console, which speaks the simple protocol only and takes one command a message.
 * Confined to a call.
 */
final class Console implements AutoCloseable {
    private static final int PROTOCOL_3 = 196_608;
    private static final int TLS_REQUEST = 80_877_103;
    private static final int MOST_BYTES = 16 << 20;

    private final Line line;

    private Console(Line line) {
        this.line = line;
    }

    /** The first of the addresses that answers. */
    static Console open(Dsn dsn, boolean allowPlaintext, Duration limit, Call call) {
        ToolException last = null;
        for (Address address : dsn.hosts()) {
            try {
                return open(dsn, address, allowPlaintext, limit, call);
            } catch (ToolException e) {
                last = e;
            }
        }
        throw java.util.Objects.requireNonNull(last);
    }

    private static Console open(Dsn dsn, Address address, boolean allowPlaintext, Duration limit, Call call) {
        String label = address.toString();
        Wire wire = Wire.to(label, address, limit, call);
        try {
            boolean encrypted = encrypted(dsn, address, wire);
            Line line = new Line(label, wire);
            start(dsn, wire);
            boolean near = dsn.remoteHost() == null;
            new Login(line, dsn, encrypted || near || allowPlaintext).run();
            Console console = new Console(line);
            console.awaitReady();
            return console;
        } catch (RuntimeException e) {
            wire.close();
            throw e;
        }
    }

    private static void start(Dsn dsn, Wire wire) {
        var body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(4).putInt(PROTOCOL_3).array());
        for (String word : List.of(
                "user",
                dsn.user().orElse(""),
                "database",
                dsn.database(),
                "application_name",
                "pgcluster-mcp read",
                "")) {
            body.writeBytes(Login.ended(word));
        }
        wire.send(ByteBuffer.allocate(4 + body.size())
                .putInt(4 + body.size())
                .put(body.toByteArray())
                .array());
    }

    /** As libpq's sslmode has it; a Unix socket needs none. */
    private static boolean encrypted(Dsn dsn, Address address, Wire wire) {
        String mode = dsn.parameters().getOrDefault("sslmode", "prefer");
        if (mode.equals("disable") || mode.equals("allow") || address.host().startsWith("/")) {
            return false;
        }
        wire.send(ByteBuffer.allocate(8).putInt(8).putInt(TLS_REQUEST).array());
        if (wire.take(1)[0] != 'S') {
            if (mode.equals("prefer")) {
                return false;
            }
            throw new ToolException(
                    ErrorCode.CONNECTION_FAILED,
                    address + " does not speak TLS, which sslmode=" + mode + " asks for.",
                    "Set client_tls_sslmode in PgBouncer, or sslmode=prefer where the network is trusted.");
        }
        Optional<Path> authority = path(dsn, "sslrootcert");
        boolean anybody = authority.isEmpty() && !mode.startsWith("verify");
        var context = anybody
                ? Tls.trustingAnybody(path(dsn, "sslcert"), path(dsn, "sslkey"))
                : Tls.trusting(authority, path(dsn, "sslcert"), path(dsn, "sslkey"));
        wire.encrypt(context, address, mode.equals("verify-full") ? address.host() : null, "sslrootcert");
        return true;
    }

    private static Optional<Path> path(Dsn dsn, String parameter) {
        return Optional.ofNullable(dsn.parameters().get(parameter))
                .filter(value -> !value.equals("system"))
                .map(Path::of);
    }

    Table ask(String command) {
        line.send('Q', Login.ended(command));
        try {
            return answer(command);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw line.stranger();
        }
    }

    private Table answer(String command) {
        List<String> columns = List.of();
        List<List<@Nullable String>> rows = new ArrayList<>();
        ToolException refused = null;
        long length = 0;
        while (true) {
            Message message = line.next();
            length += message.length();
            if (length > MOST_BYTES) {
                throw new ToolException(
                        ErrorCode.UPSTREAM_ERROR,
                        line.label() + " answered more than " + (MOST_BYTES >> 20) + " MiB to " + command + ".",
                        null);
            }
            switch (message.type()) {
                case 'T' -> columns = message.columns();
                case 'D' -> rows.add(message.values());
                case 'E' -> refused = refused(command, message);
                case 'Z' -> {
                    if (refused != null) {
                        throw refused;
                    }
                    return new Table(columns, rows);
                }
                default -> {} // C, N, S and I say nothing that is needed
            }
        }
    }

    private ToolException refused(String command, Message message) {
        String said = message.fields().getOrDefault('M', "");
        ErrorCode code = said.contains("admin access needed")
                ? ErrorCode.PERMISSION_DENIED
                : said.contains("invalid command") ? ErrorCode.UNSUPPORTED : ErrorCode.UPSTREAM_ERROR;
        return new ToolException(
                code,
                line.label() + " refused " + command + ": " + said + ".",
                code == ErrorCode.PERMISSION_DENIED ? "Only a member of admin_users may do that." : null);
    }

    private void awaitReady() {
        while (true) {
            Message message = line.next();
            if (message.type() == 'Z') {
                return;
            }
            if (message.type() == 'E') {
                throw refused("the session", message);
            }
        }
    }

    @Override
    public void close() {
        line.wire().close();
    }
}
