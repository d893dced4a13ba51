package org.pgcluster.toolsets.patroni;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** A group of two that says what a test wants, and a server of ours that may change it. */
abstract class OnTwoFakeMembers {
    @TempDir
    Path folder;

    List<FakePatroni> group = List.of();

    @BeforeEach
    void two_members() {
        group = FakePatroni.group("a", "b");
    }

    @AfterEach
    void end() {
        group.forEach(FakePatroni::close);
    }

    Lab acting(Map<String, String> more) {
        Map<String, String> keys = new TreeMap<>(more);
        keys.put("patroni_urls", group.get(0).url());
        keys.put("mode", "admin");
        keys.put("allow_execute", "true");
        keys.put("approval", "self");
        return Lab.with(folder, keys);
    }
}
