package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.pgcluster.config.Problem;
import org.pgcluster.config.Resolved;
import org.pgcluster.config.Settings;
import org.pgcluster.shape.JsonText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what is in force and where each value came from. */
@Command(name = "config", description = "Shows each value of the configuration, masked, and where it came from.")
final class ConfigCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "DSN", arity = "0..1", description = "Where the database is.")
    List<String> dsn = new ArrayList<>();

    @Option(names = "--format", paramLabel = "text|json", description = "How to show it.")
    Format format = Format.text;

    @Override
    public Integer call() {
        Settings settings = Configuration.of(spec, dsn);
        var out = spec.commandLine().getOut();
        if (format == Format.json) {
            out.println(JsonText.write(data(settings)));
        } else {
            int widest = settings.values().stream()
                    .mapToInt(value -> value.key().length())
                    .max()
                    .orElse(0);
            for (Resolved value : settings.values()) {
                out.println(Terminal.bold(value.key())
                        + " ".repeat(widest - value.key().length()) + " = " + value.shown() + "   (" + value.source()
                        + ")");
            }
            settings.warnings().forEach(warning -> out.println(Terminal.yellow("! ") + warning));
            settings.problems().forEach(problem -> out.println(Terminal.red("wrong: ") + problem));
        }
        return settings.problems().isEmpty() ? Cli.DONE : Cli.FAILED;
    }

    private static Map<String, Object> data(Settings settings) {
        List<Map<String, String>> values = new ArrayList<>();
        for (Resolved value : settings.values()) {
            Map<String, String> one = new LinkedHashMap<>();
            one.put("key", value.key());
            one.put("value", value.shown());
            one.put("source", value.source());
            values.add(one);
        }
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("values", values);
        data.put("problems", settings.problems().stream().map(Problem::toString).toList());
        data.put("warnings", settings.warnings().stream().map(Problem::toString).toList());
        return data;
    }
}
