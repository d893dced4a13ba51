package org.pgcluster.audit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * Lines of JSON that are only ever appended, each in one write, so that several processes may share the file and a
 * rotated file is followed at the next line. Lines of acts are on the disk when the call returns. A line that cannot be
 * written throws, and the act does not run. Threads share it.
 */
public final class Audit {
    private static final int LOOKS = 5;
    private static final long BETWEEN_LOOKS_NANOS = 4_000_000;

    private final Path file;
    private final String host;
    private final String user;
    private final Clock clock;
    private final Masks masks;
    private final SecureRandom random;

    public Audit(Path file, String host, String user, Clock clock, Masks masks, SecureRandom random) {
        this.file = file;
        this.host = host;
        this.user = user;
        this.clock = clock;
        this.masks = masks;
        this.random = random;
    }

    /** {@code inputJson} is one JSON object, the whole bound input. */
    public Entry entry(String client, String tool, String cluster, String inputJson) {
        var id = new byte[6];
        random.nextBytes(id);
        return new Entry(this, HexFormat.of().formatHex(id), client, tool, cluster, inputJson);
    }

    Json begin(String event, Entry entry) {
        return new Json()
                .text("time", clock.instant().toString())
                .text("event", event)
                .text("id", entry.id())
                .text("host", host)
                .text("user", user)
                .text("client", masks.in(entry.client()))
                .text("tool", entry.tool())
                .text("cluster", entry.cluster());
    }

    Masks masks() {
        return masks;
    }

    synchronized void append(Json json, boolean toDisk) {
        try {
            makeFolder();
            try (var channel = FileChannel.open(file, Set.of(WRITE, APPEND, CREATE), ours("rw-------"))) {
                var line = ByteBuffer.wrap(((cutShort() ? "\n" : "") + json.line()).getBytes(UTF_8));
                channel.write(line);
                if (line.hasRemaining()) {
                    throw new IOException("only a part of the line fitted");
                }
                if (toDisk) {
                    channel.force(true);
                }
            }
        } catch (IOException e) {
            throw ToolException.fromServer(
                    ErrorCode.NOT_CONFIGURED,
                    "The audit file " + file + " cannot be written ("
                            + e.getClass().getSimpleName().replace("Exception", "")
                            + "). What is not on record does not run.",
                    "Mend its folder, its rights or its disk, or set audit_file to another place.",
                    null,
                    null,
                    e);
        }
    }

    private void makeFolder() throws IOException {
        var folder = file.toAbsolutePath().getParent();
        if (folder != null && !Files.exists(folder)) {
            Files.createDirectories(folder, ours("rwx------"));
        }
    }

    /** A full disk may have left half a line; it must not swallow the next one. */
    private boolean cutShort() throws IOException {
        if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || !Files.isReadable(file)) {
            return false;
        }
        // Another process may be in the middle of its one write: only what stays cut is cut.
        for (int look = 0; look < LOOKS; look++) {
            if (!endsWithinALine()) {
                return false;
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        }
        return true;
    }

    private boolean endsWithinALine() throws IOException {
        try (var channel = FileChannel.open(file, READ)) {
            var last = ByteBuffer.allocate(1);
            return channel.size() > 0 && channel.read(last, channel.size() - 1) == 1 && last.get(0) != '\n';
        }
    }

    private FileAttribute<?>[] ours(String permissions) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
