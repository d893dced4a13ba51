package org.pgcluster.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/** Who may do what with a file. Where the system cannot say, the answer is the careful one. */
final class Permissions {
    private Permissions() {}

    static boolean opensToOthers(Path file) {
        try {
            for (var permission : Files.getPosixFilePermissions(file)) {
                if (!permission.name().startsWith("OWNER")) {
                    return true;
                }
            }
            return false;
        } catch (IOException | UnsupportedOperationException unknown) {
            return true;
        }
    }

    /** The file and, where it is a link, the link belong to the user, and nobody else may write it. */
    static boolean belongsOnlyTo(String user, Path file, boolean posix) {
        try {
            var owner = Files.getOwner(file).getName();
            var linkOwner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName();
            if (!posix) {
                return owner.equals(linkOwner) && owner.endsWith("\\".concat(user));
            }
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            return owner.equals(user)
                    && linkOwner.equals(user)
                    && !permissions.contains(PosixFilePermission.GROUP_WRITE)
                    && !permissions.contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException | UnsupportedOperationException unknown) {
            return false;
        }
    }
}
