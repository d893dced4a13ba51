package org.pgcluster.snapshot;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OwnWorkTest {
    @Test
    void who_computes_when_the_time_is_nearly_over_is_no_judge_of_others() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        long sum = 0;
        try (OwnWork work = OwnWork.from(Duration.ofMillis(1))) {
            while (!work.goesOn() && System.nanoTime() < deadline) {
                for (int i = 0; i < 1_000_000; i++) {
                    sum += i % 7;
                }
            }
            assertTrue(work.goesOn(), () -> "computed without being noticed");
        }
        assertTrue(sum > 0);
    }

    @Test
    void who_was_done_before_is_not_asked() {
        try (OwnWork work = OwnWork.from(Duration.ofHours(1))) {
            assertFalse(work.goesOn());
        }
    }
}
