package org.pgcluster.toolsets.citus;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.OwnLab;

/**
 * An estate that grew by an empty worker and lives through all tests of a class, in their order. After each the data is
 * complete and nothing is left behind.
 */
@Tag("lab")
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class OwnEstate {
    private final String name;
    private @Nullable OwnLab own;
    private @Nullable Acting acting;
    private Map<String, String> contents = Map.of();

    @TempDir
    Path folder;

    OwnEstate(String name) {
        this.name = name;
    }

    @BeforeAll
    void up() throws IOException, SQLException {
        own = OwnLab.up(name);
        own.grow();
        contents = Acting.contents(own);
    }

    @AfterAll
    void down() throws IOException, InterruptedException {
        OwnLab up = own;
        if (up != null) {
            up.close();
        }
    }

    @BeforeEach
    void acting() {
        acting = Acting.on(own(), folder);
    }

    @AfterEach
    void complete() throws SQLException {
        try (Acting last = act()) {
            last.complete(contents);
        }
    }

    OwnLab own() {
        return Objects.requireNonNull(own);
    }

    Acting act() {
        return Objects.requireNonNull(acting);
    }

    List<String> psql(String sql) throws SQLException {
        return Acting.psql(own(), sql);
    }

    /** Every row is where a query finds it. */
    boolean holdsAllData() throws SQLException {
        return contents.equals(Acting.contents(own()));
    }
}
