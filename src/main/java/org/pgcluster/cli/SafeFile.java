package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;

/** Somebody else's file, replaced so that nothing in it can be lost: what it held lies beside it. */
final class SafeFile {
    private SafeFile() {}

    /** Written beside the old file and then put in its place, so that a full disk loses nothing; only its owner reads it. */
    static Optional<Path> replace(Path target, String text) throws IOException {
        // A link stays a link: people keep such files in a folder under version control.
        Path real = Files.exists(target) ? target.toRealPath() : target;
        Path folder = Objects.requireNonNull(real.getParent());
        Files.createDirectories(folder);
        Optional<Path> backup = Optional.empty();
        if (Files.exists(real)) {
            Path kept = real.resolveSibling(real.getFileName() + ".bak");
            put(kept, Files.readString(real));
            backup = Optional.of(kept);
        }
        put(real, text);
        return backup;
    }

    /** Whole or not at all. */
    static void put(Path target, String text) throws IOException {
        Path folder = Objects.requireNonNull(target.getParent());
        boolean posix = target.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] ours = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Path fresh = Files.createTempFile(folder, "pgcluster-mcp", ".tmp", ours);
        try {
            Files.writeString(fresh, text);
            Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }
}
