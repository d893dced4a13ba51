package org.pgcluster;

/**
 * What {@code java -jar} enters, compiled for Java 8: an older Java than ours reads this class and none of the others, and
 * would otherwise speak of class file versions.
 */
public final class Start {
    private static final int LEAST = 17;

    private Start() {}

    public static void main(String[] arguments) {
        String java = System.getProperty("java.specification.version");
        if (java.startsWith("1.") || Integer.parseInt(java) < LEAST) {
            System.err.println("pgcluster-mcp needs Java " + LEAST + " or later, and this is Java "
                    + System.getProperty("java.version") + " (" + System.getProperty("java.home")
                    + "): install a newer one and start it with that one's path, or set JAVA_HOME and PATH to it.");
            System.exit(1);
        }
        Main.main(arguments);
    }
}
