package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.pgcluster.tool.Tool;

/** Each tool as a client sees it, one file a tool, so that a change of a contract is a line of a diff. */
class ToolSnapshotsTest {
    private static final Path SNAPSHOTS = Path.of("src/test/resources/tools");

    @Test
    void each_tool_is_what_its_snapshot_says_and_no_snapshot_is_left_over() throws IOException {
        Map<String, String> declared = new TreeMap<>();
        for (Tool<?, ?> tool : CatalogueFile.all()) {
            declared.put(tool.declaration().name() + ".json", lines(CatalogueFile.json(tool)));
        }
        if (Boolean.getBoolean("snapshots.update")) {
            write(declared);
        }
        assertEquals(declared, written(), "run with -Dsnapshots.update=true and read the diff");
    }

    /** A line for each argument and field. */
    private static String lines(String json) {
        return json.replace("},\"", "},\n\"").replace("\",\"inputSchema", "\",\n\"inputSchema") + "\n";
    }

    private static void write(Map<String, String> declared) throws IOException {
        Files.createDirectories(SNAPSHOTS);
        for (String name : written().keySet()) {
            if (!declared.containsKey(name)) {
                Files.delete(SNAPSHOTS.resolve(name));
            }
        }
        for (var one : declared.entrySet()) {
            Files.writeString(SNAPSHOTS.resolve(one.getKey()), one.getValue());
        }
    }

    private static Map<String, String> written() throws IOException {
        Map<String, String> written = new TreeMap<>();
        try (Stream<Path> files = Files.list(SNAPSHOTS)) {
            for (Path file : files.toList()) {
                written.put(String.valueOf(file.getFileName()), Files.readString(file));
            }
        }
        return written;
    }
}
