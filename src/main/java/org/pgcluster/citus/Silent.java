package org.pgcluster.citus;

import java.util.regex.Pattern;

/** A node that did not answer, and why. */
public record Silent(int nodeId, String where, String why) {
    private static final Pattern NOT_LET_IN = Pattern.compile(
            "password|authentication|pg_hba|not permitted to log in|role \".*\" does not exist",
            Pattern.CASE_INSENSITIVE);

    /** What to do where it is the login that the nodes refuse. */
    public static final String LOGIN =
            "Citus logs in from node to node as whoever asks: this role needs its password there (pg_dist_authinfo, or .pgpass"
                    + " of each server), and pg_hba.conf has to let it in.";

    /** Whether it refuses every question of Citus, because its extension does not fit its library. */
    public boolean isBehind() {
        return why.contains("Citus library version differs from installed extension version");
    }

    /** Whether it is this role that is kept out: others may be let in. */
    public static boolean isOurLogin(String why) {
        return NOT_LET_IN.matcher(why).find();
    }
}
