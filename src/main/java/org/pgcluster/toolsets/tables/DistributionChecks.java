package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** What Citus, or the next write, would refuse about a table that is to be distributed. */
record DistributionChecks(
        Citus citus,
        Table table,
        ConversionFacts facts,
        ConversionFacts.Column column,
        Optional<Table> with,
        boolean concurrently) {
    private record Nulls(boolean found) {}

    private record Decoding(String walLevel, String decoders) {}

    List<Check> all() {
        List<Check> checks = new ArrayList<>();
        boolean plain = table.kind() == TableKind.PLAIN || table.kind() == TableKind.CITUS_LOCAL;
        checks.add(Plan.check(
                "it is a plain table", plain, plain ? "yes" : "it is " + Converting.word(table.kind()) + " already"));
        String parent = table.partitionOf();
        checks.add(
                Plan.check("it is no partition", parent == null, parent == null ? "it is not" : "convert " + parent));
        checks.add(Plan.check(
                "its column can be hashed",
                column.hashable() && !column.generated(),
                column.name() + " " + column.type()));
        checks.add(nulls());
        checks.addAll(obstacles());
        checks.addAll(Converting.triggers(citus, facts));
        with.ifPresent(other -> checks.add(Plan.check(
                "it can lie with " + other.qualified(),
                other.kind() == TableKind.DISTRIBUTED && column.type().equals(other.keyType()),
                other.kind() == TableKind.DISTRIBUTED
                        ? "its key is " + other.keyType() + ", this one " + column.type()
                        : "it is no table distributed by a column")));
        boolean workers = citus.nodes().stream().anyMatch(node -> node.holdsShards());
        checks.add(Plan.check("a node takes shards", workers, workers ? "yes" : "none has shouldhaveshards"));
        if (concurrently) {
            online(checks);
        }
        checks.add(Converting.leftOut(citus, List.of(table)));
        return checks;
    }

    private Check nulls() {
        String what = column.name() + " is never NULL";
        try {
            boolean found = citus.sql()
                    .one(
                            Nulls.class,
                            "SELECT EXISTS (SELECT FROM " + Contents.quoted(table) + " WHERE "
                                    + ChangeText.quoted(column.name()) + " IS NULL) AS found")
                    .found();
            return Plan.check(what, !found, found ? "there are rows without a value" : "no row");
        } catch (ToolException e) {
            return new Check(what, Verdict.UNKNOWN, e.text());
        }
    }

    private List<Check> obstacles() {
        List<Check> checks = new ArrayList<>();
        for (AdviseDistribution.Obstacle one : AdviseDistribution.obstacles(facts, column.name())) {
            boolean policies = one.what().equals("row level security");
            boolean elsewhere = one.what().equals("trigger") || one.what().equals("generated column as key");
            if (!elsewhere) {
                checks.add(new Check(
                        "no " + one.what(), policies ? Verdict.RISKY : Verdict.FAILS, one.name() + "; " + one.mend()));
            }
        }
        return checks;
    }

    /** What the online way needs beyond that. */
    private void online(List<Check> checks) {
        checks.add(Plan.check(
                "no foreign key, which the online way refuses",
                facts.links().isEmpty(),
                facts.links().isEmpty()
                        ? "none"
                        : facts.links().get(0).name() + "; drop it first, or set concurrently: false"));
        checks.add(Converting.better(
                "it has a key to find rows by",
                !facts.keys().isEmpty(),
                facts.keys().isEmpty()
                        ? "none: UPDATE and DELETE fail meanwhile"
                        : facts.keys().get(0).name()));
        Round<Decoding> round = citus.everywhere(
                Decoding.class,
                "SELECT current_setting('wal_level') AS wal_level,"
                        + " CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')"
                        + " THEN coalesce(current_setting('output_plugin_libraries', true), 'citus') ELSE '?' END"
                        + " AS decoders");
        round.silent().forEach(one -> checks.add(new Check(one.where() + " answers", Verdict.FAILS, one.why())));
        for (var told : round.told()) {
            if (told.row().decoders().equals("?")) {
                checks.add(new Check(
                        citus.where(told.nodeId()) + " decodes for Citus",
                        Verdict.UNKNOWN,
                        "output_plugin_libraries is hidden from this role: it lacks pg_read_all_settings"));
                continue;
            }
            boolean decodes = told.row().walLevel().equals("logical")
                    && List.of(told.row().decoders().replace("'", "").split("\\s*,\\s*", -1))
                            .contains("citus");
            checks.add(Plan.check(
                    citus.where(told.nodeId()) + " decodes for Citus",
                    decodes,
                    "wal_level " + told.row().walLevel() + ", decoders "
                            + told.row().decoders()));
        }
    }
}
