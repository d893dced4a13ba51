package org.pgcluster;

/** Picks the command; nothing else. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.err.println("pgcluster-mcp");
    }
}
