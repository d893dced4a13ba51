package org.pgcluster.citus;

import java.util.Collection;
import java.util.regex.Pattern;

/** A node that did not answer, and why; {@code ourLogin} where it is this role that is kept out: others may be let in. */
public record Silent(int nodeId, String where, String why, boolean ourLogin) {
    /** Each has a space, which no host has. A text in another language is none of them, and so no refused login. */
    private static final Pattern NOT_LET_IN = Pattern.compile(
            "no password supplied|empty password returned by client|authentication failed for user"
                    + "|no pg_hba\\.conf entry for|pg_hba\\.conf rejects|is not permitted to log in"
                    + "|role\\s+does not exist|requires a valid client certificate",
            Pattern.CASE_INSENSITIVE);

    /** What names something: a host, a user, a database. */
    private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"");

    /** What to do where it is the login that the nodes refuse. */
    public static final String LOGIN =
            "Citus logs in from node to node as whoever asks: this role needs its password there (pg_dist_authinfo, or .pgpass"
                    + " of each server), and pg_hba.conf has to let it in.";

    public Silent(int nodeId, String where, String why) {
        this(nodeId, where, why, false);
    }

    /** Whether it refuses every question of Citus, because its extension does not fit its library. */
    public boolean isBehind() {
        return why.contains("Citus library version differs from installed extension version");
    }

    /**
     * Whether a coordinator says so of a node. It passes on what libpq said as the text of a warning of its own, so
     * words are all there is. Names are not judged: a node called
     * {@code password-db} may just be dead.
     */
    static boolean saysOurLogin(String text, Collection<String> addresses) {
        String said = text;
        for (String address : addresses) {
            int login = said.indexOf("@" + address);
            said = login < 0 ? said : said.substring(login + 1 + address.length());
        }
        return NOT_LET_IN.matcher(QUOTED.matcher(said).replaceAll("")).find();
    }
}
