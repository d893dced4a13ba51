package org.pgcluster.postgres;

/** Names as they stand in SQL. Only for names that the catalogue gave. */
public final class Names {
    private Names() {}

    public static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
