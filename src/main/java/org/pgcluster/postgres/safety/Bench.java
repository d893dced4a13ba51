package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Examines the tree of one statement and of everything that it leads to: domain checks, SQL functions, indexes. */
final class Bench {
    private static final int SELECT = 1;

    private final Connection connection;
    private final Admitted statement;
    private final Standing standing;
    private final Trusted trusted;
    private final TreeTaker taker;
    private final Set<Long> judged = new HashSet<>();

    Bench(Connection connection, Admitted statement, Standing standing, Trusted trusted, TreeTaker taker) {
        this.connection = connection;
        this.statement = statement;
        this.standing = standing;
        this.trusted = trusted;
        this.taker = taker;
    }

    Findings examine(Tree tree) throws SQLException {
        judged.clear();
        return examine(tree, statement.changing());
    }

    private Findings examine(Tree tree, boolean changing) throws SQLException {
        if (!changing) {
            checkCommands(tree);
        }
        Catalogue found = Catalogue.lookUp(
                connection,
                tree.functions(),
                tree.operators(),
                tree.types(),
                tree.targets(),
                tree.relations(),
                standing.citus());
        Secrets.check(connection, tree);
        return examine(found);
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
            boolean readable = standing.canSilenceLog()
                    && !function.builtIn()
                    && function.body() != null
                    && function.extension() == null
                    && !function.securityDefiner()
                    && !function.configured();
            if (!readable) {
                throw refusedFunction(function, "");
            }
            judged.add(function.oid());
            examineBody(function);
        }
    }

    private void examineBody(Catalogue.Function function) throws SQLException {
        try {
            for (String body : Bodies.statements(function)) {
                examine(taker.take(body, Bodies.argumentTypes(function), ""), false);
            }
        } catch (ToolException inside) {
            throw refusedFunction(function, " (" + inside.text() + ")");
        }
    }

    /** A stored expression has no relations of its own to be judged but what its functions touch. */
    private void examineStored(Tree tree) throws SQLException {
        if (tree.text().isBlank()) {
            return;
        }
        Catalogue found = Catalogue.lookUp(
                connection, tree.functions(), tree.operators(), tree.types(), List.of(), List.of(), standing.citus());
        checkFunctions(found.functions());
    }

    private static Findings findings(Catalogue found) {
        Predicate<Catalogue.Relation> ofSystem = Catalogue.Relation::isSystems;
        boolean catalogueOnly = !found.relations().isEmpty()
                && found.relations().stream().allMatch(ofSystem.or(relation -> relation.extension() != null));
        boolean citus = found.relations().stream().anyMatch(r -> r.distributed() || "citus".equals(r.extension()))
                || found.functions().stream().anyMatch(f -> "citus".equals(f.extension()));
        boolean monitorMay = found.relations().stream().allMatch(Catalogue.Relation::monitorMayUseSchema)
                && found.functions().stream().allMatch(Catalogue.Function::monitorMayCall);
        boolean plain = found.functions().stream().allMatch(f -> f.builtIn() && f.volatility() != 'v');
        List<String> secured = found.relations().stream()
                .filter(Catalogue.Relation::rowSecurity)
                .map(Catalogue.Relation::shown)
                .sorted()
                .toList();
        return new Findings(plain, citus, catalogueOnly, monitorMay, secured);
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
