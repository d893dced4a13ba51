package org.pgcluster.guard;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * Two acts on one cluster exclude each other, between processes that share the state folder and between threads; the
 * system lets go when a process dies. Threads share it; one object for each process, because closing a second handle on a
 * file drops the lock that the process holds through the first.
 */
public final class ClusterLock {
    /** Held until closed. */
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    private final Path stateDir;
    private final Clock clock;
    private final Set<String> ours = new HashSet<>();
    private @Nullable Folder locks;

    public ClusterLock(Path stateDir, Clock clock) {
        this.stateDir = stateDir;
        this.clock = clock;
    }

    /** Does not wait: answers {@code CONFLICT} with who holds it. */
    public Held take(String cluster, String clusterIdentity, String tool) {
        var key = Seal.digest(clusterIdentity).substring(0, 32);
        synchronized (ours) {
            var folder = folder();
            if (!ours.add(key)) {
                throw held(folder, key, cluster);
            }
            try {
                var channel = locked(folder, key, cluster);
                // Beside the lock, not in it: reading the locked file would drop the lock when that handle is closed.
                folder.write(
                        key + ".holder",
                        tool + " since " + clock.instant() + " by process "
                                + ProcessHandle.current().pid());
                return () -> release(channel, key);
            } catch (RuntimeException e) {
                ours.remove(key);
                throw e;
            }
        }
    }

    private static FileChannel locked(Folder folder, String key, String cluster) {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder.file(key + ".lock"), Set.of(CREATE, WRITE), folder.onlyOurs());
        } catch (IOException e) {
            throw unusable(folder, e);
        }
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
            channel.close();
        } catch (IOException e) {
            throw unusable(folder, e);
        }
        throw held(folder, key, cluster);
    }

    private void release(FileChannel channel, String key) {
        synchronized (ours) {
            if (!channel.isOpen()) {
                return;
            }
            try {
                channel.close();
            } catch (IOException e) {
                throw unusable(folder(), e);
            } finally {
                ours.remove(key);
            }
        }
    }

    private Folder folder() {
        if (locks == null) {
            Folder.open(stateDir);
            locks = Folder.open(stateDir.resolve("locks"));
        }
        return locks;
    }

    private static ToolException held(Folder folder, String key, String cluster) {
        var holder = folder.read(key + ".holder").orElse("an act that just began");
        return new ToolException(
                ErrorCode.CONFLICT,
                "Another act holds the cluster " + cluster + ": " + holder + ".",
                "Wait until it has ended; operation_status follows an act of this server.");
    }

    private static ToolException unusable(Folder folder, IOException e) {
        return ToolException.fromServer(
                ErrorCode.NOT_CONFIGURED,
                "The lock file in " + folder.file("") + " cannot be used, so no act runs.",
                "Set state_dir to a folder on a local disk.",
                null,
                null,
                e);
    }
}
