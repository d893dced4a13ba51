package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.dispatch.Slots.Lane.DIAGNOSING;
import static org.pgcluster.dispatch.Slots.Lane.LOOKING;
import static org.pgcluster.dispatch.Slots.Lane.ORDINARY;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.Aside;

class SlotsTest {
    private final Slots slots = new Slots(1, 1);

    private static Call call(Duration limit) {
        return Call.within(limit);
    }

    @Test
    void a_call_that_reaches_its_deadline_in_the_queue_is_told_who_holds_the_slots() {
        try (var slot = slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)))) {
            var late = assertThrows(
                    ToolException.class,
                    () -> slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofMillis(300))));
            assertEquals(ErrorCode.TIMEOUT, late.code());
            assertTrue(late.text().contains("execute_sql on default for 0 s"), late.text());
        }
        slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofMillis(300)))
                .close();
    }

    @Test
    void what_tells_why_the_server_is_slow_does_not_wait_behind_it() {
        try (var slot = slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)));
                var own = slots.enter("default", "active_queries", LOOKING, call(Duration.ZERO))) {
            assertFalse(slot.equals(own));
        }
    }

    @Test
    void the_diagnosis_waits_neither_behind_what_hangs_nor_behind_those_who_look_at_it() {
        try (var slot = slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)));
                var one = slots.enter("default", "active_queries", LOOKING, call(Duration.ZERO));
                var two = slots.enter("default", "blocking_locks", LOOKING, call(Duration.ZERO))) {
            slots.enter("default", "cluster_health", DIAGNOSING, call(Duration.ZERO))
                    .close();
            assertFalse(slot.equals(one) || one.equals(two));
        }
    }

    @Test
    void a_cancelled_call_leaves_the_queue() {
        try (var slot = slots.enter("default", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)))) {
            var waiting = call(Duration.ofSeconds(30));
            waiting.cancel();
            var refused =
                    assertThrows(ToolException.class, () -> slots.enter("default", "execute_sql", ORDINARY, waiting));
            assertEquals(ErrorCode.CANCELLED, refused.code());
        }
    }

    @Test
    void who_waits_for_long_is_told_once_and_comes_in_when_a_slot_is_free() throws Exception {
        var told = new CopyOnWriteArrayList<String>();
        var waiting = Call.within(Duration.ofSeconds(30), (done, total, message) -> told.add(message));
        CompletableFuture<Void> entered;
        try (var slot = slots.enter("default", "explain_query", ORDINARY, call(Duration.ofSeconds(9)))) {
            entered = Aside.run(() ->
                    slots.enter("default", "execute_sql", ORDINARY, waiting).close());
            while (told.isEmpty()) {
                Thread.sleep(20);
            }
            assertFalse(entered.isDone());
        }
        entered.get();
        assertEquals(1, told.size(), told.toString());
        assertTrue(told.get(0).startsWith("Waiting for a slot: explain_query on default for 2 s"), told.get(0));
    }

    @Test
    void a_cluster_that_hangs_leaves_a_slot_for_each_other() {
        var three = new Slots(4, 3);
        try (var one = three.enter("dead", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)));
                var two = three.enter("dead", "execute_sql", ORDINARY, call(Duration.ofSeconds(9)))) {
            assertThrows(
                    ToolException.class,
                    () -> three.enter("dead", "execute_sql", ORDINARY, call(Duration.ofMillis(300))));
            three.enter("alive", "execute_sql", ORDINARY, call(Duration.ofMillis(300)))
                    .close();
            var own = three.enter("dead", "ping", LOOKING, call(Duration.ofSeconds(9)));
            three.enter("alive", "ping", LOOKING, call(Duration.ofMillis(300))).close();
            own.close();
            assertFalse(one.equals(two));
        }
        three.enter("dead", "execute_sql", ORDINARY, call(Duration.ofMillis(300)))
                .close();
    }
}
