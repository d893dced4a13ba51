package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.pgcluster.config.Environment;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Key;
import org.pgcluster.config.Keys;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Every key of the configuration as a flag of a command, and the configuration that comes out. */
final class Configuration {
    private Configuration() {}

    static void addFlags(CommandSpec command) {
        var group = ArgGroupSpec.builder()
                .exclusive(false)
                .multiplicity("0..1")
                .order(100)
                .heading("%nConfiguration, also by variables and file:%n");
        group.addArg(OptionSpec.builder("-c", "--config")
                .paramLabel("FILE")
                .type(String.class)
                .description("The configuration file.")
                .build());
        for (Key<?> key : Keys.ALL) {
            group.addArg(option(key, key.form() == Key.Form.SWITCH ? "0..1" : "1", key.help()));
            if (key.secret()) {
                String help = "A file that holds " + key.name() + ".";
                group.addArg(option(List.of(key.flag() + "-file"), "1", help));
            }
        }
        command.addArgGroup(group.build());
    }

    private static OptionSpec option(Key<?> key, String arity, String help) {
        return option(
                key.equals(Keys.COORDINATOR_DSN) ? List.of(key.flag(), "--dsn") : List.of(key.flag()), arity, help);
    }

    private static OptionSpec option(List<String> flags, String arity, String help) {
        return OptionSpec.builder(flags.toArray(new String[0]))
                .arity(arity)
                .paramLabel("VALUE")
                .type(String.class)
                .fallbackValue("true")
                .description(help.replace("%", "%%"))
                .build();
    }

    /** {@code more} stands before the flags: the DSN where a command takes one. */
    static Settings of(CommandSpec command, List<String> more) {
        List<String> arguments = new ArrayList<>(more);
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
            if (option.group() != null) {
                for (String value : option.stringValues()) {
                    arguments.add(option.longestName() + "=" + value);
                }
            }
        }
        return Settings.load(Inputs.ofThisProcess(arguments));
    }

    /** What was given here, as the variables that say the same; a client keeps those out of command lines. */
    static Map<String, String> asVariables(CommandSpec command) {
        Map<String, String> variables = new TreeMap<>();
        for (var variable : System.getenv().entrySet()) {
            if (!variable.getValue().isEmpty() && Environment.isRead(variable.getKey())) {
                variables.put(variable.getKey(), variable.getValue());
            }
        }
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
            boolean ofConfiguration =
                    option.group() != null && !option.longestName().equals("--config");
            for (String value : ofConfiguration ? option.stringValues() : List.<String>of()) {
                String flag = option.longestName().substring(2);
                variables.put("PGCLUSTER_MCP_" + flag.replace('-', '_').toUpperCase(Locale.ROOT), value);
            }
        }
        return variables;
    }

    static Settings faultless(CommandSpec command, List<String> more) {
        Settings settings = of(command, more);
        if (!settings.problems().isEmpty()) {
            List<String> lines = settings.problems().stream()
                    .map(problem -> problem.toString())
                    .toList();
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "The configuration is wrong:\n" + String.join("\n", lines),
                    "`config` shows every value and where it came from.");
        }
        return settings;
    }
}
