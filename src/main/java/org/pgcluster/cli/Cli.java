package org.pgcluster.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The commands for people. Exit codes: 0 done, 1 failed, 2 wrongly called, 3 a person must approve first. */
public final class Cli {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int WRONGLY_CALLED = 2;
    static final int APPROVAL_REQUIRED = 3;

    @Command(
            name = "pgcluster-mcp",
            description = "An MCP server to see, understand and safely change distributed PostgreSQL.",
            footer = "%nWithout a command it serves MCP on stdin and stdout: pgcluster-mcp [DSN] [flags].")
    static final class Root implements Runnable {
        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public void run() {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    @Command(name = "serve", description = "Serves MCP on stdin and stdout; so it does without a command.")
    static final class Serve implements Runnable {
        @Override
        public void run() {
            throw new ToolException(ErrorCode.INVALID_INPUT, "serve takes no command behind it.", null);
        }
    }

    private Cli() {}

    public static int run(List<String> arguments, String version) {
        CommandLine line = new CommandLine(new Root());
        line.addSubcommand(new Serve());
        line.addSubcommand(new CheckCommand());
        line.addSubcommand(new ConfigCommand());
        line.addSubcommand(new ToolsCommand());
        line.addSubcommand(new CallCommand(version));
        line.addSubcommand(new ApproveCommand(version));
        line.addSubcommand(new InstallCommand());
        line.addSubcommand(new CommandLine.HelpCommand());
        prepare(line, version);
        for (CommandLine command : line.getSubcommands().values()) {
            prepare(command, version);
            if (!(command.getCommand() instanceof CommandLine.HelpCommand)) {
                Configuration.addFlags(command.getCommandSpec());
                command.getCommandSpec().usageMessage().abbreviateSynopsis(true);
            }
        }
        line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(Terminal.isThere() ? Ansi.AUTO : Ansi.OFF));
        line.setParameterExceptionHandler((wrong, given) -> {
            wrong.getCommandLine()
                    .getErr()
                    .println(wrong.getCommandLine() == line ? withoutCommand(line, given) : wrong.getMessage());
            wrong.getCommandLine()
                    .getErr()
                    .println("See: pgcluster-mcp "
                            + (wrong.getCommandLine() == line
                                    ? ""
                                    : wrong.getCommandLine().getCommandName() + " ")
                            + "--help");
            return WRONGLY_CALLED;
        });
        line.setExecutionExceptionHandler((problem, command, parsed) -> told(problem, command));
        return line.execute(arguments.toArray(new String[0]));
    }

    /** What came first is no command: it is misspelt, or stands in the place of one. */
    private static String withoutCommand(CommandLine line, String[] given) {
        String near = Nearest.of(given[0], line.getSubcommands().keySet());
        if (near != null || given.length < 2) {
            return "There is no command " + given[0] + "." + (near == null ? "" : " Did you mean " + near + "?");
        }
        return "The command comes first: pgcluster-mcp " + given[1] + " …; there --dsn says where the database is.";
    }

    private static void prepare(CommandLine line, String version) {
        line.getCommandSpec().version("pgcluster-mcp " + version);
        if (!(line.getCommand() instanceof CommandLine.HelpCommand)) {
            line.getCommandSpec().mixinStandardHelpOptions(true);
        }
        line.setUsageHelpAutoWidth(true);
    }

    private static int told(Exception problem, CommandLine command) throws Exception {
        if (problem instanceof IOException) {
            command.getErr().println("A file could not be read or written: " + problem.getMessage());
            return FAILED;
        }
        if (!(problem instanceof ToolException known)) {
            throw problem;
        }
        command.getErr().println(Terminal.red(known.code().name()) + ": " + known.text());
        if (known.hint() != null) {
            command.getErr().println(known.hint());
        }
        return known.code() == ErrorCode.INVALID_INPUT ? WRONGLY_CALLED : FAILED;
    }
}
