package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The packed catalogue is what the tools declare; {@code -Dsnapshots.update=true} writes it anew. */
class PackedCatalogueTest {
    private static final Path PACKED = Path.of("src/main/resources/catalogue.tsv");

    @Test
    void the_packed_catalogue_is_what_the_tools_declare() throws IOException {
        String declared = CatalogueFile.text();
        if (Boolean.getBoolean("snapshots.update")) {
            Files.writeString(PACKED, declared);
        }
        assertEquals(
                declared, Files.readString(PACKED), "run ./check quick with -Dsnapshots.update=true and read the diff");
    }
}
