package org.pgcluster.guard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * A folder of our own: 0700, its files 0600, no link followed. Refused where it belongs to somebody else or others may
 * write it. Threads share it; one object for each folder and process, since closing a file drops the locks of its process.
 */
final class Folder {
    private static final int LARGEST = 8 << 20;
    private static final int LOOKS = 1_000;
    private static final long BETWEEN_LOOKS_NANOS = 5_000_000;
    private static final Set<PosixFilePermission> WRITTEN_BY_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path path;
    private final UserPrincipal owner;
    private final ReentrantLock inProcess = new ReentrantLock();

    private Folder(Path path, UserPrincipal owner) {
        this.path = path;
        this.owner = owner;
    }

    /** A link to a folder is followed once, here: whoever could turn it later turns nothing. */
    static Folder open(Path named) {
        Path path = named;
        try {
            if (!Files.isDirectory(named)) {
                Files.createDirectories(named, only("rwx------", named));
            }
            path = named.toRealPath();
            var owner = Files.getOwner(path);
            if (!us(path).equals(owner)) {
                throw refused(path, "it belongs to " + owner.getName() + ", not to the user who runs this", null);
            }
            requireOurLink(named, owner);
            requireNoOtherWriter(path);
            return new Folder(path, owner);
        } catch (FileAlreadyExistsException e) {
            throw refused(path, "it is no folder", e);
        } catch (IOException e) {
            throw refused(path, "it cannot be made or written (" + reason(e) + ")", e);
        }
    }

    Path file(String name) {
        return path.resolve(name);
    }

    boolean has(String name) {
        return Files.exists(file(name), NOFOLLOW_LINKS);
    }

    List<String> names(String suffix) {
        try (var files = Files.newDirectoryStream(path, "*" + suffix)) {
            var names = new ArrayList<String>();
            files.forEach(file -> {
                var name = String.valueOf(file.getFileName());
                names.add(name.substring(0, name.length() - suffix.length()));
            });
            names.sort(null);
            return names;
        } catch (IOException e) {
            throw refused(path, "it cannot be listed (" + reason(e) + ")", e);
        }
    }

    /** Empty where there is none; refuses what is no regular file of ours. */
    Optional<String> read(String name) {
        var file = file(name);
        try {
            if (has(name) && !Files.isRegularFile(file, NOFOLLOW_LINKS)) {
                throw altered(file, "is no regular file");
            }
            if (has(name) && !Files.getOwner(file, NOFOLLOW_LINKS).equals(owner)) {
                throw altered(file, "belongs to another user");
            }
            return Optional.of(readWhole(file, Set.of(READ, NOFOLLOW_LINKS)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw altered(file, "cannot be read (" + reason(e) + ")");
        }
    }

    static String readWhole(Path file, Set<OpenOption> how) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(file, how)) {
            var bytes = Channels.newInputStream(channel).readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw altered(file, "is larger than any that was written here");
            }
            return new String(bytes, UTF_8);
        }
    }

    boolean openTo(String name, PosixFilePermission... whom) {
        try {
            return posix(path)
                    && Arrays.stream(whom)
                            .anyMatch(Files.getPosixFilePermissions(file(name), NOFOLLOW_LINKS)::contains);
        } catch (IOException e) {
            throw refused(path, name + " cannot be judged (" + reason(e) + ")", e);
        }
    }

    /** Whole or not at all; replaces what was there. */
    void write(String name, String text) {
        try {
            var draft = Files.createTempFile(path, ".", ".part", only("rw-------", path));
            try (var channel = FileChannel.open(draft, WRITE)) {
                writeAll(channel, text);
            }
            Files.move(draft, file(name), ATOMIC_MOVE);
            settle();
        } catch (IOException e) {
            throw refused(path, name + " cannot be written (" + reason(e) + ")", e);
        }
    }

    /** False where somebody was faster: of any number of processes exactly one makes it. */
    boolean create(String name, String text) {
        try (var channel = FileChannel.open(file(name), Set.of(CREATE_NEW, WRITE), only("rw-------", path))) {
            writeAll(channel, text);
            settle();
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw refused(path, name + " cannot be written (" + reason(e) + ")", e);
        }
    }

    void delete(String name) {
        try {
            Files.deleteIfExists(file(name));
        } catch (IOException e) {
            throw refused(path, name + " cannot be deleted (" + reason(e) + ")", e);
        }
    }

    /** What is done alone takes milliseconds; a process that was stopped in the middle must not stop all others. */
    private FileLock locked(FileChannel channel) throws IOException {
        for (int look = 0; look < LOOKS; look++) {
            var lock = channel.tryLock();
            if (lock != null) {
                return lock;
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        }
        throw new ToolException(
                ErrorCode.CONFLICT,
                "Another process has held the state folder " + path + " for too long.",
                "See what has " + file(".lock") + " open; it may have been stopped in the middle of its work.");
    }

    /** One at a time, over all processes that use this folder. */
    <T> T alone(Callable<T> work) {
        inProcess.lock();
        try (var channel = FileChannel.open(file(".lock"), Set.of(CREATE, WRITE), only("rw-------", path));
                var lock = locked(channel)) {
            if (!lock.isValid()) {
                throw new IOException("the lock was lost");
            }
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw refused(path, "it cannot be locked (" + reason(e) + ")", e);
        } finally {
            inProcess.unlock();
        }
    }

    private static void writeAll(FileChannel channel, String text) throws IOException {
        var bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
    }

    /** A name that a power cut takes away again would be an approval that can be spent twice. */
    private void settle() throws IOException {
        if (posix(path)) {
            try (var folder = FileChannel.open(path, READ)) {
                folder.force(true);
            }
        }
    }

    private static void requireOurLink(Path named, UserPrincipal us) throws IOException {
        if (Files.isSymbolicLink(named)) {
            var owner = Files.getOwner(named, NOFOLLOW_LINKS);
            if (!owner.equals(us) && !owner.getName().equals("root")) {
                throw refused(named, "it is a link that belongs to " + owner.getName(), null);
            }
        }
    }

    private static void requireNoOtherWriter(Path path) throws IOException {
        if (posix(path)) {
            var permissions = Files.getPosixFilePermissions(path);
            if (permissions.stream().anyMatch(WRITTEN_BY_OTHERS::contains)) {
                throw refused(path, "others may write it (" + PosixFilePermissions.toString(permissions) + ")", null);
            }
        }
    }

    /** Java cannot ask who it runs as, but a file that it makes belongs to that user. */
    private static UserPrincipal us(Path folder) throws IOException {
        var probe = Files.createTempFile(folder, ".", ".probe", only("rw-------", folder));
        try {
            return Files.getOwner(probe, NOFOLLOW_LINKS);
        } finally {
            Files.delete(probe);
        }
    }

    FileAttribute<?>[] onlyOurs() {
        return only("rw-------", path);
    }

    private static FileAttribute<?>[] only(String permissions, Path path) {
        return posix(path)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    private static boolean posix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static String reason(Exception e) {
        return e.getClass().getSimpleName().replace("Exception", "");
    }

    private static ToolException altered(Path file, String what) {
        return new ToolException(
                ErrorCode.APPROVAL_INVALID,
                file.getFileName() + " in the state folder " + what + ".",
                "Call the act again without approval_token for a new request.");
    }

    private static ToolException refused(Path path, String why, @Nullable Exception cause) {
        return ToolException.fromServer(
                ErrorCode.NOT_CONFIGURED,
                "The state folder " + path + " is not used: " + why + ". No act runs without it.",
                "Make it a folder of the user who runs this server (chown, chmod 700), or set state_dir to another.",
                null,
                null,
                cause == null ? new IOException(why) : cause);
    }
}
