package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Alarms go off in their order, whatever order they were set in, and those taken back never. */
@Timeout(30)
class WatchdogTest {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @Test
    void an_earlier_alarm_does_not_wait_for_a_later_one() throws InterruptedException {
        try (var watchdog = new Watchdog()) {
            var distant = watchdog.in(Duration.ofHours(1), () -> heard.add("distant"));
            // The clock has time to fall asleep until then.
            Thread.sleep(50);
            watchdog.in(Duration.ofMillis(300), () -> heard.add("second"));
            var takenBack = watchdog.in(Duration.ofMillis(100), () -> heard.add("taken back"));
            watchdog.in(Duration.ofMillis(10), () -> heard.add("first"));
            takenBack.cancel();
            assertEquals("first", heard.take());
            assertEquals("second", heard.take());
            distant.cancel();
            watchdog.in(Duration.ofMillis(10), () -> heard.add("after all"));
            assertEquals("after all", heard.take());
        }
    }

    @Test
    void one_that_hangs_holds_up_no_other() throws InterruptedException {
        try (var watchdog = new Watchdog()) {
            var hangs = new LinkedBlockingQueue<String>();
            watchdog.in(Duration.ZERO, () -> {
                try {
                    heard.add(hangs.take());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            watchdog.in(Duration.ofMillis(10), () -> heard.add("goes on"));
            assertEquals("goes on", heard.take());
            hangs.add("ends");
            assertEquals("ends", heard.take());
        }
    }
}
