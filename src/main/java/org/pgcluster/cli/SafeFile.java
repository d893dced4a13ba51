package org.pgcluster.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Somebody else's file, replaced so that nothing in it can be lost: what it held lies beside it. */
final class SafeFile {
    private SafeFile() {}

    /** Empty where there is none yet. */
    static String read(Path target) throws IOException {
        try {
            return Files.exists(target) ? Files.readString(target) : "";
        } catch (CharacterCodingException notText) {
            throw new ToolException(
                    ErrorCode.INVALID_INPUT,
                    target + " is no text in UTF-8, so it stays as it is.",
                    "Save it as UTF-8, or write the entry elsewhere with --file and paste it by hand.");
        }
    }

    /** One that others may write would not be trusted with requests later. */
    static void ownFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, only("rwx------", folder));
        }
    }

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

    private static FileAttribute<?>[] only(String rights, Path place) {
        return place.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))}
                : new FileAttribute<?>[0];
    }

    /** Whole or not at all. */
    static void put(Path target, String text) throws IOException {
        Path folder = Objects.requireNonNull(target.getParent());
        Path fresh = Files.createTempFile(folder, "pgcluster-mcp", ".tmp", only("rw-------", target));
        try {
            Files.writeString(fresh, text);
            Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }
}
