package org.pgcluster.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * One connection, closed by itself when its time is over or its call is cancelled, so that no server can keep anybody
 * waiting by answering a byte at a time. Confined to a call.
 */
public final class Wire implements AutoCloseable {
    private final String label;
    private final Duration limit;
    private final Closing socket;
    private final Call.Handle onCancel;
    private volatile boolean expired;
    private volatile boolean closed;
    private @Nullable Socket plain;
    private InputStream in = InputStream.nullInputStream();
    private OutputStream out = OutputStream.nullOutputStream();

    private interface Closing {
        void close() throws IOException;
    }

    private interface Talk<T> {
        T with() throws IOException;
    }

    private Wire(String label, Duration limit, Closing socket, Call call) {
        this.label = label;
        this.limit = limit;
        this.socket = socket;
        this.onCancel = call.onCancel(this::drop);
        CompletableFuture.delayedExecutor(Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS)
                .execute(this::expire);
    }

    private void expire() {
        if (!closed) {
            expired = true;
            drop();
        }
    }

    /** To a host and port; a host that begins with a slash is the folder of a PostgreSQL-like Unix socket. */
    public static Wire to(String label, Address address, Duration limit, Call call) {
        if (address.host().startsWith("/")) {
            return unix(label, address.host() + "/.s.PGSQL." + address.port(), limit, call);
        }
        var socket = new Socket();
        var wire = new Wire(label, limit, socket::close, call);
        return wire.opened(() -> {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(address.host(), address.port()));
            wire.plain = socket;
            wire.in = socket.getInputStream();
            wire.out = socket.getOutputStream();
        });
    }

    public static Wire unix(String label, String path, Duration limit, Call call) {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        } catch (IOException e) {
            throw WireErrors.of(label, e, "");
        }
        var wire = new Wire(label, limit, channel::close, call);
        return wire.opened(() -> {
            channel.connect(UnixDomainSocketAddress.of(path));
            wire.in = Channels.newInputStream(channel);
            wire.out = Channels.newOutputStream(channel);
        });
    }

    private interface Opening {
        void open() throws IOException;
    }

    private Wire opened(Opening opening) {
        try {
            asked(() -> {
                opening.open();
                return true;
            });
            return this;
        } catch (ToolException e) {
            close();
            throw e;
        }
    }

    /** From here on encrypted; {@code name} is what the certificate must be for, null where that is not asked. */
    public void encrypt(SSLContext context, Address address, @Nullable String name, String authorityKey) {
        Socket under = plain;
        if (under == null) {
            throw new IllegalStateException("a Unix socket needs no TLS");
        }
        try {
            var secured =
                    (SSLSocket) context.getSocketFactory().createSocket(under, address.host(), address.port(), true);
            if (name != null) {
                var parameters = secured.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                secured.setSSLParameters(parameters);
            }
            secured.startHandshake();
            in = secured.getInputStream();
            out = secured.getOutputStream();
        } catch (IOException e) {
            throw expired ? late() : WireErrors.of(label, e, authorityKey);
        }
    }

    public void send(byte[] bytes) {
        asked(() -> {
            out.write(bytes);
            out.flush();
            return true;
        });
    }

    /** Exactly so many bytes. */
    public byte[] take(int count) {
        return asked(() -> {
            byte[] bytes = in.readNBytes(count);
            if (bytes.length < count) {
                throw WireErrors.ended();
            }
            return bytes;
        });
    }

    /** All that comes until the server closes. */
    public byte[] takeAll(int most) {
        return asked(() -> {
            var all = new ByteArrayOutputStream();
            byte[] some = new byte[8192];
            for (int count = in.read(some); count >= 0; count = in.read(some)) {
                all.write(some, 0, count);
                if (all.size() > most) {
                    throw new ToolException(
                            ErrorCode.UPSTREAM_ERROR, label + " answered more than " + most + " bytes.", null);
                }
            }
            return all.toByteArray();
        });
    }

    private <T> T asked(Talk<T> talk) {
        try {
            return talk.with();
        } catch (IOException e) {
            throw expired ? late() : WireErrors.of(label, e, "");
        }
    }

    private ToolException late() {
        return new ToolException(
                ErrorCode.TIMEOUT,
                label + " did not answer within " + Words.seconds(limit) + ".",
                "It accepts connections and may hang: look at the process there, or raise http_timeout_ms.");
    }

    private void drop() {
        try {
            socket.close();
        } catch (IOException e) {
            return; // it is gone either way
        }
    }

    @Override
    public void close() {
        closed = true;
        onCancel.close();
        drop();
    }
}
