package org.pgcluster.snapshot;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.pgcluster.postgres.Sql;

/** What the checks of a database cannot see as this login: the server hides it without a word. */
record Blindness(long sequences, long tables, boolean stats, boolean settings) {
    private static final String ASKED = """
            SELECT count(*) FILTER (WHERE relkind = 'S' AND NOT has_sequence_privilege(oid, 'SELECT,USAGE')) AS sequences,
                   count(*) FILTER (WHERE relkind IN ('r', 'm') AND NOT has_table_privilege(oid, 'SELECT')) AS tables,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS stats,
                   pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS settings
              FROM pg_class
             WHERE relkind IN ('S', 'r', 'm') AND relpersistence <> 't'
               AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace,
                                        'pg_toast'::regnamespace)
            """;

    static List<Unavailable> of(String where, Sql sql, Set<String> areas) {
        Blindness blind = sql.one(Blindness.class, ASKED);
        List<Unavailable> hidden = new ArrayList<>();
        if (areas.contains("sequence") && blind.sequences > 0) {
            hidden.add(new Unavailable(
                    "postgres",
                    where + " sequence",
                    "This login may not read " + blind.sequences
                            + " sequences: nobody knows how far they are (pg_read_all_data" + " would)."));
        }
        if ((areas.contains("sequence") || areas.contains("index")) && blind.tables > 0) {
            hidden.add(new Unavailable(
                    "postgres",
                    where + " bloated, key",
                    "This login may not read " + blind.tables
                            + " tables, so their statistics are hidden: neither bloat nor"
                            + " keys near their end are seen there."));
        }
        if (!blind.stats
                && (areas.contains("connection") || areas.contains("vacuum") || areas.contains("replication"))) {
            hidden.add(new Unavailable(
                    "postgres",
                    where + " session, horizon, replica",
                    "Sessions of other logins and replicas are hidden: this login lacks pg_monitor."));
        }
        if (!blind.settings && areas.contains("setting")) {
            hidden.add(new Unavailable(
                    "postgres", where + " setting", "Some settings are hidden: this login lacks pg_monitor."));
        }
        return hidden;
    }
}
