package org.pgcluster.toolsets.patroni;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/** Tests that break a real estate: one for each class, whole again before each test and thrown away after the last. */
@Tag("lab")
@Tag("slow")
@Timeout(400)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OnOwnEstate {
    private final String name;
    private final String patroniUrls;

    private @Nullable Estate own;

    @TempDir
    Path folder;

    /** {@code patroniUrls} is the variable of the lab that has them: those of one member of each group, or of all. */
    OnOwnEstate(String name, String patroniUrls) {
        this.name = name;
        this.patroniUrls = patroniUrls;
    }

    @BeforeAll
    void up() throws IOException {
        own = new Estate(OwnLab.up(name));
    }

    @AfterAll
    void down() throws IOException {
        Estate estate = own;
        if (estate != null) {
            estate.lab().close();
        }
    }

    @BeforeEach
    void everything_is_well() {
        try (Lab lab = acting()) {
            estate().awaitWhole(lab);
        }
    }

    final Estate estate() {
        return Objects.requireNonNull(own);
    }

    final Lab acting() {
        return Lab.acting(estate().lab().variables(), folder, "patroni_urls", estate().variable(patroniUrls));
    }
}
