package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.render.Plain;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/** The commands with which a person runs the steps of a plan where this server may not. No password stands in them. */
final class ByHand {
    private static final List<String> OF_LIBPQ = List.of(
            "hostaddr", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "target_session_attrs");

    private ByHand() {}

    static List<String> commands(Plan<?> plan, ClusterSettings cluster, String database) {
        String psql = "psql -X -v ON_ERROR_STOP=1 " + Launcher.quoted(connection(cluster, database));
        List<String> commands = new ArrayList<>();
        for (Step step : plan.steps()) {
            if (step instanceof Step.Statement statement) {
                long patience = cluster.actLockTimeout().toMillis();
                String command = psql
                        + (statement.transaction() == Step.Transaction.TOGETHER
                                ? together(plan, patience)
                                : of(statement, patience));
                if (statement.transaction() == Step.Transaction.TOGETHER && commands.contains(command)) {
                    continue; // the one transaction stands there already
                }
                commands.add(mayBeCopied(statement, command) ? command : "");
            }
        }
        return commands;
    }

    private static String of(Step.Statement step, long patience) {
        String sql = ChangeText.withValues(step.sql(), step.parameters());
        String statement = " -c " + Launcher.quoted(sql);
        return switch (step.transaction()) {
            case CONCURRENT -> statement;
            case NONE -> " -c 'SET lock_timeout = " + patience + "'" + statement;
            case CHECKED -> counted(sql, step.most(), patience);
            case TOGETHER -> throw new IllegalArgumentException("it is no command by itself");
        };
    }

    private static String together(Plan<?> plan, long patience) {
        StringBuilder all = new StringBuilder(" -1 -c 'SET LOCAL lock_timeout = " + patience + "'");
        for (Step step : plan.steps()) {
            if (step instanceof Step.Statement one && one.transaction() == Step.Transaction.TOGETHER) {
                all.append(" -c ").append(Launcher.quoted(ChangeText.withValues(one.sql(), one.parameters())));
            }
        }
        return all.toString();
    }

    /** psql itself counts the rows and takes it back beyond the plan, as this server would. */
    private static String counted(String sql, long most, long patience) {
        String mark = "PGCLUSTER";
        while (sql.contains(mark)) {
            mark += "_";
        }
        return """
                 <<'%1$s'
                BEGIN;
                SET LOCAL lock_timeout = %2$d;
                %3$s
                ;
                SELECT :ROW_COUNT > %4$d AS too_many \\gset
                \\if :too_many
                \\echo more rows than planned
                ROLLBACK;
                \\else
                COMMIT;
                \\endif
                %1$s""".formatted(mark, patience, sql, most);
    }

    /** Where acts go; the user only where admin_dsn tells who acts. */
    private static String connection(ClusterSettings cluster, String database) {
        Dsn dsn = cluster.admin().or(cluster::direct).or(cluster::coordinator).orElseThrow();
        List<String> words = new ArrayList<>();
        words.add("host="
                + value(dsn.hosts().stream().map(address -> address.host()).collect(Collectors.joining(","))));
        words.add("port="
                + dsn.hosts().stream()
                        .map(address -> String.valueOf(address.port()))
                        .collect(Collectors.joining(",")));
        words.add("dbname=" + value(database));
        cluster.admin().flatMap(Dsn::user).ifPresent(user -> words.add("user=" + value(user)));
        for (String name : OF_LIBPQ) {
            String set = dsn.parameters().get(name);
            if (set != null) {
                words.add(name + "=" + value(set));
            }
        }
        return String.join(" ", words);
    }

    private static String value(String text) {
        return text.matches("[\\w.,:/@%+-]+")
                ? text
                : "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    /** What a reader could not see would run all the same; and what follows a backslash psql takes for its own. */
    private static boolean mayBeCopied(Step.Statement step, String command) {
        boolean read = step.transaction() == Step.Transaction.CHECKED;
        boolean steersPsql = read ? step.sql().contains("\\") : step.sql().startsWith("\\");
        return !steersPsql && command.lines().allMatch(line -> Plain.shown(line).equals(line));
    }

    static String text(Plan<?> plan, List<String> commands) {
        StringBuilder text = new StringBuilder("\nBy hand (psql takes the password from ~/.pgpass or asks for it):\n");
        for (int i = 0; i < commands.size(); i++) {
            boolean ifFailed =
                    plan.steps().get(i) instanceof Step.Statement statement && statement.when() != Step.When.IN_ORDER;
            String command = commands.get(i).isEmpty()
                    ? "no command: the statement holds characters that cannot be copied safely"
                    : commands.get(i);
            text.append(i + 1)
                    .append(ifFailed ? ". only if the one before fails: " : ". ")
                    .append(command)
                    .append('\n');
        }
        return text.toString();
    }
}
