package org.pgcluster.toolsets.citus;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.config.Dsn;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** Whether the login of acts may call a function of Citus, told before anything is sent. */
final class ActorRights {
    /** What a role needs that is no superuser. */
    enum Needs {
        /** {@code GRANT EXECUTE} is enough. */
        EXECUTE,
        /** Citus writes {@code pg_dist_node} on the other nodes as this login. */
        EXECUTE_AND_METADATA,
        /** Citus asks for a superuser, whatever was granted. */
        SUPERUSER
    }

    private record Rights(
            boolean superuser, boolean execute, @Nullable String functions) {}

    private static final String RIGHTS = """
            SELECT actor.rolsuper AS superuser,
                   coalesce(bool_and(has_function_privilege(actor.oid, function.oid, 'EXECUTE')), true) AS execute,
                   string_agg(function.oid::regprocedure::text, ', ' ORDER BY function.oid::regprocedure::text) AS functions
              FROM pg_roles AS actor
              LEFT JOIN pg_proc AS function ON function.proname = ?::name
                   AND function.pronamespace = 'pg_catalog'::regnamespace
             WHERE actor.rolname = ?::name
             GROUP BY actor.oid, actor.rolsuper
            """;

    private record Foreign(String tables) {}

    private static final String FOREIGN = """
            SELECT string_agg(shell.oid::regclass::text, ', ' ORDER BY shell.oid::regclass::text) AS tables
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
              JOIN pg_roles AS actor ON actor.rolname = ?::name AND NOT actor.rolsuper
             WHERE (?::int IS NULL OR part.colocationid = ?::int) AND NOT pg_has_role(actor.oid, shell.relowner, 'USAGE')
            HAVING count(*) > 0
            """;

    private ActorRights() {}

    /** Shards are moved by who owns their tables: those of one colocation group, or all. Nothing where that holds. */
    static List<Check> toMove(Citus citus, Context context, @Nullable Integer colocationId) {
        Optional<String> actor = context.cluster().settings().admin().flatMap(Dsn::user);
        return actor.flatMap(name -> citus.sql().ifAny(Foreign.class, FOREIGN, name, colocationId, colocationId))
                .map(foreign -> List.of(new Check(
                        actor.orElseThrow() + " owns every table that can move",
                        Verdict.FAILS,
                        "not " + foreign.tables() + "; a superuser grants their owner to it, as docs/roles.sql does")))
                .orElse(List.of());
    }

    /** Nothing where no login is configured, as in mode plan, or the database does not know it. */
    static List<Check> toCall(Citus citus, Context context, String function, Needs needs) {
        Optional<String> actor = context.cluster().settings().admin().flatMap(Dsn::user);
        return actor.flatMap(name -> citus.sql().ifAny(Rights.class, RIGHTS, function, name))
                .map(rights -> List.of(judged(actor.orElseThrow(), rights, function, needs)))
                .orElse(List.of());
    }

    private static Check judged(String actor, Rights rights, String function, Needs needs) {
        String what = actor + " may call " + function;
        if (rights.superuser()) {
            return new Check(what, Verdict.HOLDS, "a superuser");
        }
        if (needs == Needs.SUPERUSER) {
            return new Check(what, Verdict.FAILS, "Citus asks for a superuser, and no grant replaces that");
        }
        if (!rights.execute()) {
            return new Check(
                    what,
                    Verdict.FAILS,
                    "a superuser grants it: GRANT EXECUTE ON FUNCTION " + rights.functions() + " TO " + actor
                            + (needs == Needs.EXECUTE ? "" : "; " + metadata(actor)));
        }
        return needs == Needs.EXECUTE
                ? new Check(what, Verdict.HOLDS, "granted")
                : new Check(what, Verdict.RISKY, "granted; beside it, " + metadata(actor));
    }

    private static String metadata(String actor) {
        return "every other node needs GRANT UPDATE ON pg_dist_node TO " + actor
                + " (with citus.enable_ddl_propagation off there), or the act is rolled back";
    }
}
