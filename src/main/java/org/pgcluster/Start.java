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
        if (isTooOld(java)) {
            System.err.println(complaint(java, System.getProperty("java.home")));
            System.exit(1);
        }
        Main.main(arguments);
    }

    /** Java 8 and older call themselves 1.8. */
    static boolean isTooOld(String java) {
        return java.startsWith("1.") || Integer.parseInt(java) < LEAST;
    }

    static String complaint(String java, String home) {
        return "pgcluster-mcp needs Java " + LEAST + " or later, and " + home + " is Java " + java
                + ": install a newer one and put its bin/java into the command.";
    }
}
