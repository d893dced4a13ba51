package org.pgcluster.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import javax.net.SocketFactory;
import org.pgcluster.config.Address;

/** Sockets in the file system, in the shape that the driver asks for. It is made by name, with the socket's path. */
public final class UnixSockets extends SocketFactory {
    private final Path path;

    public UnixSockets(String path) {
        this.path = Path.of(path);
    }

    static Path path(Address folder) {
        return Path.of(folder.host(), ".s.PGSQL." + folder.port());
    }

    @Override
    public Socket createSocket() throws IOException {
        return new UnixSocket(path);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected();
    }

    private Socket connected() throws IOException {
        var socket = new UnixSocket(path);
        socket.connect(UnixDomainSocketAddress.of(path), 0);
        return socket;
    }

    /** A channel that never blocks without a time-out, because a blocked channel knows none. */
    private static final class UnixSocket extends Socket {
        private final Path path;
        private final SocketChannel channel;
        private final Selector readable;
        private final Selector writable;
        private volatile int timeoutMillis;

        UnixSocket(Path path) throws IOException {
            this.path = path;
            this.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            this.readable = Selector.open();
            this.writable = Selector.open();
        }

        @Override
        public void connect(SocketAddress ignored, int timeout) throws IOException {
            channel.connect(UnixDomainSocketAddress.of(path));
            channel.configureBlocking(false);
            channel.register(readable, SelectionKey.OP_READ);
            channel.register(writable, SelectionKey.OP_WRITE);
        }

        @Override
        public void connect(SocketAddress endpoint) throws IOException {
            connect(endpoint, 0);
        }

        @Override
        public InputStream getInputStream() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    var one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    return receive(ByteBuffer.wrap(bytes, offset, length));
                }
            };
        }

        private int receive(ByteBuffer into) throws IOException {
            if (!into.hasRemaining()) {
                return 0;
            }
            while (true) {
                int count = channel.read(into);
                if (count != 0) {
                    return count;
                }
                readable.selectedKeys().clear();
                if (readable.select(timeoutMillis) == 0 && timeoutMillis > 0) {
                    throw new SocketTimeoutException("no answer on " + path + " within " + timeoutMillis + " ms");
                }
            }
        }

        @Override
        public OutputStream getOutputStream() {
            return new OutputStream() {
                @Override
                public void write(int one) throws IOException {
                    write(new byte[] {(byte) one}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    var rest = ByteBuffer.wrap(bytes, offset, length);
                    while (rest.hasRemaining()) {
                        if (channel.write(rest) == 0) {
                            writable.selectedKeys().clear();
                            writable.select();
                        }
                    }
                }
            };
        }

        @Override
        public synchronized void setSoTimeout(int timeout) {
            timeoutMillis = timeout;
        }

        @Override
        public synchronized int getSoTimeout() {
            return timeoutMillis;
        }

        @Override
        public boolean isConnected() {
            return channel.isConnected();
        }

        @Override
        public boolean isClosed() {
            return !channel.isOpen();
        }

        @Override
        public void setTcpNoDelay(boolean on) {
            // Nothing to delay where there is no TCP.
        }

        @Override
        public void setKeepAlive(boolean on) {
            // The kernel tells at once when the other end is gone.
        }

        @Override
        public void setReceiveBufferSize(int size) {
            // The kernel's own size serves.
        }

        @Override
        public void setSendBufferSize(int size) {
            // The kernel's own size serves.
        }

        @Override
        public int getSendBufferSize() {
            return 8192;
        }

        @Override
        public int getReceiveBufferSize() {
            return 8192;
        }

        @Override
        public synchronized void close() throws IOException {
            channel.close();
            readable.close();
            writable.close();
        }
    }
}
