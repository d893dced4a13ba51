package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Mode;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Launcher;

/** Files on this host that more people, or programs, can read than should. */
final class Exposed {
    private Exposed() {}

    static List<Found> files(Settings settings) {
        List<Found> found = new ArrayList<>();
        boolean secrets = !settings.secrets().isEmpty();
        settings.server().configFile().filter(file -> secrets).ifPresent(file -> file(file, found));
        file(settings.server().stateDir().resolve("approval.key"), found);
        file(settings.server().auditFile(), found);
        return found;
    }

    static List<Found> of(Settings settings) {
        List<Found> found = files(settings);
        boolean acts = settings.clusters().values().stream().anyMatch(Exposed::acts);
        if (acts) {
            found.add(
                    Found.warns(
                            "approval",
                            "Acts are allowed, and a program that runs as " + Consenting.user()
                                    + " can read what approves them and the admin login.",
                            "Run the server under a user of its own where the assistant can run commands; docs/safety.md shows how."));
        }
        return found;
    }

    /** What keeps an assistant that can run commands from approving its own acts; empty where there are none. */
    static List<String> ownUser(Settings settings) {
        if (settings.clusters().values().stream().noneMatch(Exposed::acts)) {
            return List.of();
        }
        String server = "sudo -u pgcluster " + Launcher.command();
        return List.of(
                "Acts are allowed, and an assistant that can run commands as " + Consenting.user()
                        + " could approve them itself. To keep that to people:",
                "  1. sudo useradd --system --create-home pgcluster, and give it the configuration, mode 0600.",
                "  2. Let the client start " + server + " --config FILE; sudoers allows that line without a password.",
                "  3. Approve with " + server + " approve; sudo asks for a password.");
    }

    private static boolean acts(ClusterSettings cluster) {
        return cluster.mode() == Mode.ADMIN && cluster.allowExecute();
    }

    private static void file(Path file, List<Found> found) {
        try {
            if (!Files.isRegularFile(file)
                    || !file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                return;
            }
            var rights = Files.getPosixFilePermissions(file);
            if (rights.contains(PosixFilePermission.OTHERS_READ) || rights.contains(PosixFilePermission.GROUP_READ)) {
                found.add(Found.warns("files", "Others can read " + file + ".", "chmod 600 " + file));
            }
        } catch (IOException e) {
            found.add(Found.warns("files", "The rights of " + file + " cannot be read.", ""));
        }
    }
}
