package org.pgcluster.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.pgcluster.dispatch.Launcher;

/** A command of this person's own, so that what answers tell them to run is short to type. */
final class LauncherFile {
    private static final String OURS = "Written by pgcluster-mcp install.";

    private final Client.Machine machine;
    private final Path java;
    private final Path jar;

    LauncherFile(Client.Machine machine, Path java, Path jar) {
        this.machine = machine;
        this.java = java;
        this.jar = jar;
    }

    Path place() {
        return machine.forCommands().resolve(machine.launcher());
    }

    /** A file that somebody else wrote stays as it is. */
    boolean isFree() throws IOException {
        return !Files.exists(place()) || Files.readString(place()).contains(OURS);
    }

    boolean isFound() {
        return machine.searches(machine.forCommands());
    }

    void write() throws IOException {
        Files.createDirectories(machine.forCommands());
        SafeFile.put(place(), text());
        if (place().getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(place(), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    String text() {
        return machine.launcher().endsWith(".cmd")
                ? "@rem " + OURS + "\r\n@\"" + java + "\" -jar \"" + jar + "\" %*\r\n"
                : "#!/bin/sh\n# " + OURS + "\nexec " + Launcher.quoted(java.toString()) + " -jar "
                        + Launcher.quoted(jar.toString()) + " \"$@\"\n";
    }
}
