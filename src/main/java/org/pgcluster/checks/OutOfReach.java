package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unread;

/** What could not be read is a finding: nobody may take silence for health. What it said tells why. */
final class OutOfReach implements Check {
    private static final Map<String, String> COMPONENTS = Map.of(
            "postgres", "the database",
            "citus", "a Citus node or its metadata",
            "patroni", "a Patroni",
            "haproxy", "an HAProxy",
            "pgbouncer", "a PgBouncer");

    /** Without the others only sight is lost. */
    private static final Set<String> SERVING = Set.of("postgres", "citus");

    @Override
    public List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        for (String component : List.of("postgres", "citus", "patroni", "haproxy", "pgbouncer")) {
            String who = COMPONENTS.getOrDefault(component, component);
            kinds.add(new Kind(component + ".out_of_reach", who + " did not answer"));
            kinds.add(new Kind(component + ".login_refused", who + " runs and does not let this login in"));
        }
        kinds.add(new Kind("postgres.partly_read", "a database server answered some questions and not all"));
        kinds.add(
                new Kind("postgres.connections_exhausted", "a database server has no connection left for this login"));
        return kinds;
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        return snapshot.unavailable().stream().map(OutOfReach::finding).toList();
    }

    private static Finding finding(Unread part) {
        return switch (part.kind()) {
            case PARTLY -> partly(part);
            case FULL -> full(part);
            case LOGIN_REFUSED -> refused(part);
            case GONE -> silent(part, " is not there: nothing listens at that address");
            case HANGING -> silent(part, " does not answer in time: it hangs, or the way to it does");
            case SILENT -> silent(part, " could not be read");
        };
    }

    private static Finding partly(Unread part) {
        return Found.warning(
                        "postgres.partly_read",
                        part.where(),
                        part.where() + " answered, yet not every question: something there was not judged")
                .read("why", part.why())
                .next("server_info")
                .byHand("pgcluster-mcp check")
                .advice("Where this login lacks a right, grant it; docs/roles.sql has what the checks need.");
    }

    private static Finding full(Unread part) {
        return Found.critical(
                        "postgres.connections_exhausted",
                        part.where(),
                        part.where()
                                + " runs and has no connection left for this login: all that the server, the role or the"
                                + " database may have are taken")
                .read("why", part.why())
                .byHand("SELECT usename, application_name, client_addr, state, count(*) FROM pg_stat_activity"
                        + " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC (as a superuser, there)")
                .advice("This is no crash. End what leaks connections; put a pooler in front; between Citus nodes"
                        + " lower citus.max_shared_pool_size and citus.max_adaptive_executor_pool_size.");
    }

    private static Finding refused(Unread part) {
        String at = part.component() + ".";
        String title = who(part) + " does not let this login in";
        Found found = SERVING.contains(part.component())
                ? Found.critical(at + "login_refused", part.where(), title)
                : Found.warning(at + "login_refused", part.where(), title);
        return found.read("why", part.why())
                .next("server_info")
                .byHand("pgcluster-mcp check")
                .advice("It runs. Correct user, password or rights of this server's configuration.");
    }

    private static Finding silent(Unread part, String how) {
        String at = part.component() + ".";
        String title = who(part) + how;
        Found found = part.component().equals("patroni") // a group whose Patronis are all silent is told of itself
                ? Found.warning(at + "out_of_reach", part.where(), title)
                : Found.critical(at + "out_of_reach", part.where(), title);
        return found.read("why", part.why())
                .next("ping")
                .advice("Nothing is known about it: see whether it runs and whether this host and this login may reach"
                        + " it.");
    }

    private static String who(Unread part) {
        return switch (part.component()) {
            case "postgres" -> "PostgreSQL at " + part.where();
            case "citus" -> (part.where().contains(":") ? "Citus node " : "Citus: ") + part.where();
            case "patroni" -> "Patroni at " + part.where();
            case "haproxy" -> "HAProxy at " + part.where();
            default -> "PgBouncer at " + part.where();
        };
    }
}
