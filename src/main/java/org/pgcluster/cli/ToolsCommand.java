package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.pgcluster.dispatch.Catalogue;
import org.pgcluster.shape.JsonText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The catalogue as this configuration offers it. */
@Command(name = "tools", description = "Lists the tools that this configuration offers.")
final class ToolsCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "DSN", arity = "0..1", description = "Where the database is.")
    List<String> dsn = new ArrayList<>();

    @Option(names = "--format", paramLabel = "text|json", description = "json is what clients are answered.")
    Format format = Format.text;

    @Override
    public Integer call() {
        Catalogue catalogue = Catalogue.of(Configuration.of(spec, dsn));
        var out = spec.commandLine().getOut();
        if (format == Format.json) {
            out.println(catalogue.toolsJsonArray());
            return Cli.DONE;
        }
        for (Object each : (List<?>) java.util.Objects.requireNonNull(JsonText.read(catalogue.toolsJsonArray()))) {
            Map<?, ?> tool = (Map<?, ?>) each;
            out.println(Terminal.bold(String.valueOf(tool.get("name"))));
            out.println("    " + String.valueOf(tool.get("description")).replace("\n", "\n    "));
        }
        return Cli.DONE;
    }
}
