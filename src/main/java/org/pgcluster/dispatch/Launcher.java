package org.pgcluster.dispatch;

import org.pgcluster.config.Settings;

/** How this very program is called on this host, for commands that an answer prints. */
final class Launcher {
    private Launcher() {}

    /** Set by the launcher script that {@code install} makes; else the JAR itself. */
    static String command() {
        String jar = System.getProperty("java.class.path", "");
        return jar.endsWith(".jar") && !jar.contains(java.io.File.pathSeparator)
                ? "java -jar "
                        + quoted(java.nio.file.Path.of(jar).toAbsolutePath().toString())
                : "pgcluster-mcp";
    }

    /** {@code approve} must look into the same state folder. */
    static String flags(Settings settings) {
        return " --state-dir " + quoted(settings.server().stateDir().toString());
    }

    private static String quoted(String text) {
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (!(Character.isLetterOrDigit(letter) || "/._-+:@".indexOf(letter) >= 0)) {
                return "'" + text.replace("'", "'\\''") + "'";
            }
        }
        return text;
    }
}
