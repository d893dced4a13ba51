package org.pgcluster.dispatch;

import java.nio.file.Path;
import org.pgcluster.config.Settings;

/** How this very program is called on this host, for commands that an answer prints. */
public final class Launcher {
    private Launcher() {}

    /** The JAR by the JVM that runs it: another {@code java} on the path may be too old for it. */
    public static String command() {
        String jar = System.getProperty("java.class.path", "");
        if (!jar.endsWith(".jar") || jar.contains(java.io.File.pathSeparator)) {
            return "pgcluster-mcp";
        }
        Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");
        return quoted(java.toString()) + " -jar "
                + quoted(Path.of(jar).toAbsolutePath().toString());
    }

    /** {@code approve} must look into the same state folder, under the same secret, and write the same audit. */
    static String flags(Settings settings) {
        var server = settings.server();
        String config = server.configFile()
                .map(file -> " --config " + quoted(file.toAbsolutePath().toString()))
                .orElse("");
        return config + " --state-dir " + quoted(server.stateDir().toString()) + " --audit-file "
                + quoted(server.auditFile().toString());
    }

    public static String quoted(String text) {
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (!(Character.isLetterOrDigit(letter) || "/._-+:@".indexOf(letter) >= 0)) {
                return "'" + text.replace("'", "'\\''") + "'";
            }
        }
        return text;
    }
}
