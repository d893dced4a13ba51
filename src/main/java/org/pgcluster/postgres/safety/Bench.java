package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Examines the tree of one statement and of everything that it leads to: domain checks, SQL functions, indexes. */
final class Bench {
    private static final int SELECT = 1;
    private static final Set<Long> PG_STATISTIC = Set.of(2619L, 2840L);

    private final Connection connection;
    private final Admitted statement;
    private final Standing standing;
    private final Trusted trusted;
    private final TreeTaker taker;
    private final Set<Long> judged = new HashSet<>();
    private final Set<String> stored = new HashSet<>();
    private String role = "";
    private boolean fillsRecords;
    private final List<Tree> withStatistics = new ArrayList<>();

    Bench(Connection connection, Admitted statement, Standing standing, Trusted trusted, TreeTaker taker) {
        this.connection = connection;
        this.statement = statement;
        this.standing = standing;
        this.trusted = trusted;
        this.taker = taker;
    }

    /** As the role would run it: names resolve, and row security applies, as the role sees them. */
    Findings examine(String asRole) throws SQLException {
        judged.clear();
        stored.clear();
        fillsRecords = false;
        withStatistics.clear();
        role = asRole;
        return examine(taker.take(statement.inner(), "", role), statement.changing());
    }

    /** Only who runs as pg_monitor is shown no samples of what is secret. */
    void checkSamples(String runningAs) throws SQLException {
        if (!runningAs.equals("pg_monitor")) {
            for (Tree tree : withStatistics) {
                Secrets.checkSamples(connection, tree);
            }
        }
    }

    private Findings examine(Tree tree, boolean changing) throws SQLException {
        if (!changing) {
            checkCommands(tree);
        }
        Catalogue found = lookUp(tree, tree.relations());
        Secrets.check(connection, tree);
        if (tree.relations().stream().anyMatch(PG_STATISTIC::contains)) {
            withStatistics.add(tree);
        }
        return examine(found);
    }

    private Catalogue lookUp(Tree tree, Collection<Long> relations) throws SQLException {
        // Inside a function, too: it may return the record that is filled.
        fillsRecords |= tree.fillsRecords();
        return Catalogue.lookUp(
                connection,
                tree.functions(),
                tree.operators(),
                tree.types(),
                fillsRecords ? tree.types() : tree.targets(),
                relations,
                standing.citus());
    }

    /** What was found by name or by tree: nothing in it, and nothing that it leads to, does more than read. */
    Findings examine(Catalogue found) throws SQLException {
        checkRelations(found);
        checkFunctions(found.functions());
        for (String check : found.checks()) {
            examineStored(Tree.of(check));
        }
        for (String planned : found.planned()) {
            examineStored(Tree.ofConstantCalls(planned));
            examineInlined(Tree.of(planned));
        }
        return findings(found);
    }

    private void checkCommands(Tree tree) {
        if (tree.locksRows()) {
            throw refused("Locking rows is a change, and this tool only reads.", "Leave FOR UPDATE or FOR SHARE out.");
        }
        if (tree.commands().stream().anyMatch(command -> command != SELECT)) {
            throw refused(
                    "The statement changes data, and this tool only reads.",
                    "Use execute_change for a change, which a person approves.");
        }
    }

    private static void checkRelations(Catalogue found) {
        for (Catalogue.Relation relation : found.relations()) {
            if (relation.kind() == 'f') {
                throw refused(
                        relation.shown() + " is a foreign table: what reading it does is decided elsewhere.",
                        "Ask the server that holds the data.");
            }
        }
    }

    private void checkFunctions(List<Catalogue.Function> functions) throws SQLException {
        for (Catalogue.Function function : functions) {
            if (trusted.names(function) || judged.contains(function.oid())) {
                continue;
            }
            // A body is read as a tree, which only shows where the log can be silenced.
            if (!standing.canSilenceLog() || !Bodies.canBeRead(function)) {
                throw refusedFunction(function, "");
            }
            judged.add(function.oid());
            examineBody(function);
        }
    }

    private void examineBody(Catalogue.Function function) throws SQLException {
        try {
            if (function.defaults() != null) {
                examineStored(Tree.of(function.defaults()));
            }
            Bodies body = new Bodies(connection, function, taker, role);
            Tree tree = body.tree();
            examine(tree, false);
            checkResult(function, tree);
        } catch (ToolException inside) {
            throw refusedFunction(function, " (" + inside.text() + ")");
        }
    }

    /** The result becomes the declared types without a word in the tree of the body. */
    private void checkResult(Catalogue.Function function, Tree tree) throws SQLException {
        checkFunctions(Catalogue.castsOf(connection, tree.types()));
        List<Long> none = List.of();
        Catalogue found = Catalogue.lookUp(connection, none, none, none, function.results(), none, standing.citus());
        checkFunctions(found.functions());
        for (String check : found.checks()) {
            examineStored(Tree.of(check));
        }
    }

    /** A stored expression has no relations of its own to be judged but what its functions touch. */
    private void examineStored(Tree tree) throws SQLException {
        if (tree.text().isBlank() || !stored.add(tree.text())) {
            return;
        }
        Catalogue found = lookUp(tree, List.of());
        checkFunctions(found.functions());
        for (String check : found.checks()) {
            examineStored(Tree.of(check));
        }
    }

    /** Planning puts the body of a function in SQL in its place, and runs what is constant there. */
    private void examineInlined(Tree planned) throws SQLException {
        boolean builtIn = Stream.concat(planned.functions().stream(), planned.operators().stream())
                .allMatch(oid -> oid < Catalogue.FIRST_USER_OID);
        if (builtIn) {
            return;
        }
        Catalogue found = lookUp(planned, List.of());
        checkFunctions(found.functions().stream()
                .filter(function -> function.language().equals("sql"))
                .toList());
    }

    private Findings findings(Catalogue found) {
        Predicate<Catalogue.Relation> ofSystem = Catalogue.Relation::isSystems;
        boolean monitorMay = found.relations().stream().allMatch(Catalogue.Relation::monitorMayUseSchema)
                && found.functions().stream().allMatch(Catalogue.Function::monitorMayCall);
        // What measures, as pgstattuple does, is granted to monitors and needs no right to the table.
        boolean catalogueOnly = found.relations().isEmpty()
                ? monitorMay && !found.functions().stream().allMatch(Catalogue.Function::readerMayCall)
                : found.relations().stream().allMatch(ofSystem.or(relation -> relation.extension() != null));
        boolean citus = found.relations().stream().anyMatch(r -> r.distributed() || "citus".equals(r.extension()))
                || found.functions().stream().anyMatch(f -> "citus".equals(f.extension()));
        boolean plain = found.functions().stream().allMatch(f -> f.builtIn() && f.volatility() != 'v');
        boolean traces = found.functions().stream().anyMatch(trusted::leavesTraces);
        List<String> secured = found.relations().stream()
                .filter(Catalogue.Relation::rowSecurity)
                .map(Catalogue.Relation::shown)
                .sorted()
                .toList();
        return new Findings(plain, traces, citus, catalogueOnly, monitorMay, secured);
    }

    private static ToolException refusedFunction(Catalogue.Function function, String why) {
        return refused(
                function.shown() + " is not known to only read" + why + ".",
                "Write the statement without it, or name it in allowed_functions once somebody has read it.");
    }

    private static ToolException refused(String what, String hint) {
        return new ToolException(ErrorCode.NOT_ALLOWED, what, hint);
    }
}
