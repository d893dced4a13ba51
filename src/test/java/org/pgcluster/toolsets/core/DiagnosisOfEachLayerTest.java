package org.pgcluster.toolsets.core;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One fault of each layer; DiagnosisTest makes all of them. */
@Tag("lab")
class DiagnosisOfEachLayerTest {
    @TempDir
    Path folder;

    @Test
    void a_fault_of_each_layer_is_told_by_its_cause() throws IOException {
        try (Diagnosing estate = Diagnosing.on("layers", 2, folder)) {
            estate.isSilent();
            estate.told("patroni-paused", "patroni\\.paused", "");
            estate.isSilent();
            estate.told("slot-abandoned", "postgres\\.slot_grows", "");
            estate.told("metadata-unsynced", "citus\\.metadata_not_synced", "");
            estate.told("haproxy-drained", "haproxy\\.leader_taken_out", "");
            estate.told("pgbouncer-paused", "pgbouncer\\.paused", "");
            estate.isSilent();
        }
    }
}
