package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Tool;

/** {@code docs/tools.md} is written from the declarations; {@code -Dsnapshots.update=true} writes it anew. */
class ToolsDocumentTest {
    private static final Path DOCUMENT = Path.of("docs/tools.md");

    @Test
    void the_document_is_what_the_tools_declare() throws IOException {
        String declared = text();
        if (Boolean.getBoolean("snapshots.update")) {
            Files.writeString(DOCUMENT, declared);
        }
        assertEquals(declared, Files.readString(DOCUMENT), "run with -Dsnapshots.update=true and read the diff");
    }

    private static String text() {
        StringBuilder text = new StringBuilder("""
                # Tools

                Written from the tools themselves. With several clusters each tool that belongs to one also takes `cluster`. \
                What acts lock and how they are undone: [acts.md](acts.md).
                """);
        for (Tool<?, ?> tool : CatalogueFile.all()) {
            describe(tool, text);
        }
        return text.toString();
    }

    private static void describe(Tool<?, ?> tool, StringBuilder text) {
        Declaration<?, ?> declared = tool.declaration();
        Map<?, ?> json = (Map<?, ?>) Objects.requireNonNull(JsonText.read(CatalogueFile.json(tool)));
        Map<?, ?> input = (Map<?, ?>) Objects.requireNonNull(json.get("inputSchema"));
        text.append("\n## ").append(declared.name()).append("\n\n");
        text.append(declared.description())
                .append(' ')
                .append(inWords(declared.kind()))
                .append('\n');
        List<?> required = (List<?>) Objects.requireNonNull(input.get("required"));
        List<String> rows = new ArrayList<>();
        ((Map<?, ?>) Objects.requireNonNull(input.get("properties"))).forEach((name, property) -> {
            rows.add(row(String.valueOf(name), (Map<?, ?>) property, required.contains(name)));
        });
        if (!rows.isEmpty()) {
            text.append("\n| argument | type | meaning | default |\n|---|---|---|---|\n");
            rows.forEach(text::append);
        }
    }

    private static String inWords(Declaration.Kind kind) {
        return switch (kind) {
            case READS -> "It reads.";
            case STEERS -> "It changes what is the server's own, not the cluster.";
            case CHANGES -> "An act.";
            case DESTROYS -> "An act that cannot be undone by another.";
        };
    }

    private static String row(String name, Map<?, ?> property, boolean required) {
        Object type = property.containsKey("enum")
                ? String.join(
                        ", ",
                        ((List<?>) property.get("enum"))
                                .stream().map(String::valueOf).toList())
                : property.get("type");
        Object says = property.get("description");
        Object standard = property.get("default");
        return "| `" + name + "` | " + type + " | " + says + " | "
                + (required ? "required" : standard == null ? "" : "`" + standard + "`") + " |\n";
    }
}
