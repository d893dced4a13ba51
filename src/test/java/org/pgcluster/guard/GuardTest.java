package org.pgcluster.guard;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

class GuardTest {
    @TempDir
    Path state;

    private final SettableClock clock = new SettableClock();

    private String approved(Guard guard) {
        var name = guard.ask(Desks.draft()).name();
        guard.approve(name, Desks.ANN, Optional.empty());
        return name;
    }

    private static ToolException refusal(Guard guard, String name, Draft draft) {
        return assertThrows(ToolException.class, () -> guard.spend(name, draft));
    }

    @Test
    void an_approved_act_runs_once_and_tells_who_consented() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        assertEquals(new Spent(name, Desks.ANN, clock.instant()), guard.spend(name, Desks.draft()));
        assertTrue(refusal(guard, name, Desks.draft()).text().contains("used already"));
        assertTrue(
                refusal(Desks.guard(state, clock), name, Desks.draft()).text().contains("used already"));
        assertTrue(
                assertThrows(ToolException.class, () -> guard.open(name)).text().contains("used already"));
        assertEquals(List.of(), guard.waiting());
    }

    @Test
    void a_restarted_server_honours_what_was_approved_before() {
        var name = approved(Desks.guard(state, clock));
        assertDoesNotThrow(() -> Desks.guard(state, clock).spend(name, Desks.draft()));
    }

    @Test
    void what_nobody_approved_does_not_run() {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft()).name();
        var refused = refusal(guard, name, Desks.draft());
        assertEquals("The request " + name + " is not approved yet.", refused.text());
        assertTrue(String.valueOf(refused.hint()).contains("A person approves " + name));
    }

    @Test
    void the_same_waiting_draft_is_not_written_twice() {
        var guard = Desks.guard(state, clock);
        var first = guard.ask(Desks.draft());
        assertEquals(first, Desks.guard(state, clock).ask(Desks.draft()));
        assertEquals(1, guard.waiting().size());
        guard.approve(first.name(), Desks.ANN, Optional.empty());
        guard.spend(first.name(), Desks.draft());
        assertNotEquals(first.name(), guard.ask(Desks.draft()).name());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "another tool          | drop_index   | default | id | true  | one | 1 | false | APPROVAL_INVALID | another tool: approved create_index, called drop_index",
                "another cluster       | create_index | prod    | id | true  | one | 1 | false | APPROVAL_INVALID | another cluster: approved default, called prod",
                "another estate        | create_index | default | di | true  | one | 1 | false | APPROVAL_INVALID | approved id, called di",
                "another argument      | create_index | default | id | false | one | 1 | false | APPROVAL_INVALID | `concurrently`: approved true, called false",
                "an argument left out  | create_index | default | id | none  | one | 1 | false | APPROVAL_INVALID | `concurrently`: approved true, called (none)",
                "another step          | create_index | default | id | true  | two | 1 | false | PLAN_CHANGED     | step 1: one → two",
                "another state         | create_index | default | id | true  | one | 2 | false | PLAN_CHANGED     | size: 1 → 2",
                "a state that went     | create_index | default | id | true  | one | none | false | PLAN_CHANGED  | size: 1 → (none)",
                "destructive meanwhile | create_index | default | id | true  | one | 1 | true  | PLAN_CHANGED     | destructive: false → true",
            })
    void what_differs_from_the_approved_act_is_named_and_uses_nothing_up(
            String story,
            String tool,
            String cluster,
            String identity,
            String concurrently,
            String step,
            String size,
            boolean destructive,
            ErrorCode code,
            String told) {
        var guard = Desks.guard(state, clock);
        var wanted = act("create_index", "default", "id", "true", "one", "1", false);
        var name = guard.ask(wanted).name();
        guard.approve(name, Desks.ANN, Optional.empty());

        var refused = refusal(guard, name, act(tool, cluster, identity, concurrently, step, size, destructive));

        assertEquals(code, refused.code(), story);
        assertTrue(refused.text().contains(told), refused.text());
        assertDoesNotThrow(() -> guard.spend(name, wanted));
    }

    @Test
    void other_words_about_the_same_act_do_not_void_the_consent() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        var one = Desks.draft();
        var reworded = new Draft(
                one.tool(),
                one.cluster(),
                one.clusterIdentity(),
                one.arguments(),
                one.steps(),
                one.state(),
                "the table has 3 rows more",
                one.destructive());
        assertDoesNotThrow(() -> guard.spend(name, reworded));
    }

    @Test
    void a_request_that_nobody_answered_ends() {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft()).name();
        clock.pass(Desks.REQUEST);
        assertTrue(refusal(guard, name, Desks.draft()).text().contains("expired at"));
        assertThrows(ToolException.class, () -> guard.approve(name, Desks.ANN, Optional.empty()));
        assertEquals(List.of(), guard.waiting());
    }

    @Test
    void the_life_of_a_consent_counts_from_consent() {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft()).name();
        clock.pass(Desks.REQUEST.minusSeconds(1));
        guard.approve(name, Desks.ANN, Optional.empty());
        clock.pass(Desks.APPROVAL.minusSeconds(1));
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @ParameterizedTest
    @CsvSource({"10, 9, true", "10, 10, false", "9999, 299, true", "9999, 300, false"})
    void a_wished_life_only_shortens(long wished, long passes, boolean good) {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft()).name();
        guard.approve(name, Desks.ANN, Optional.of(Duration.ofSeconds(wished)));
        clock.pass(Duration.ofSeconds(passes));
        if (good) {
            assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
        } else {
            assertTrue(refusal(guard, name, Desks.draft()).text().contains("expired at"));
        }
    }

    @Test
    void a_life_asked_for_with_the_request_bounds_the_consent() {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft(), Optional.of(Duration.ofSeconds(5))).name();
        guard.approve(name, Desks.ANN, Optional.of(Duration.ofSeconds(60)));
        clock.pass(Duration.ofSeconds(5));
        assertTrue(refusal(guard, name, Desks.draft()).text().contains("expired at"));
    }

    @Test
    void what_ended_is_cleaned_up_a_day_later_and_not_before() throws IOException {
        var guard = Desks.guard(state, clock);
        approved(guard);
        clock.pass(Desks.REQUEST.plus(Duration.ofHours(23)));
        guard.ask(draftNamed("other"));
        assertEquals(3, files());
        clock.pass(Duration.ofHours(2));
        guard.ask(draftNamed("third"));
        assertEquals(2, files());
    }

    @Test
    void a_token_from_another_machine_is_good_for_one_act() throws IOException {
        var secret = "one secret on two machines";
        var server = Desks.guard(state.resolve("server"), secret, clock);
        var requested = server.ask(Desks.draft());
        var copy = Files.copy(requested.file(), state.resolve("a copy"));
        var desk = Desks.guard(state.resolve("desk"), secret, clock);
        assertEquals(Desks.draft(), desk.openCopy(copy).draft());
        var token = desk.token(desk.openCopy(copy), "ann@desk", Optional.empty());

        assertTrue(token.length() < 120, token);
        assertEquals("ann@desk", server.spend(token, Desks.draft()).approver().who());
        assertTrue(refusal(server, token, Desks.draft()).text().contains("used already"));
        assertTrue(refusal(server, requested.name(), Desks.draft()).text().contains("used already"));
    }

    @Test
    void a_token_needs_a_configured_secret() {
        var guard = Desks.guard(state, clock);
        var requested = guard.ask(Desks.draft());
        var refused = assertThrows(ToolException.class, () -> guard.openCopy(requested.file()));
        assertEquals(ErrorCode.NOT_CONFIGURED, refused.code());
    }

    @Test
    void a_consent_whose_record_cannot_be_written_is_not_used_up() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        var full = new ToolException(ErrorCode.NOT_CONFIGURED, "the disk is full", null);
        var refused = assertThrows(
                ToolException.class,
                () -> guard.spend(name, Desks.draft(), consent -> {
                    throw full;
                }));
        assertEquals(full, refused);
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @Test
    void what_was_refused_is_never_on_record() {
        var guard = Desks.guard(state, clock);
        var name = guard.ask(Desks.draft()).name();
        assertThrows(
                ToolException.class,
                () -> guard.spend(name, Desks.draft(), consent -> {
                    throw new AssertionError("recorded " + consent);
                }));
    }

    @Test
    void a_clock_that_was_set_back_gives_no_second_life() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        var waits = guard.ask(draftNamed("waits")).name();
        clock.pass(Duration.ofDays(-1));
        assertTrue(refusal(guard, name, Desks.draft()).text().contains("set back"));
        var refused = assertThrows(ToolException.class, () -> guard.open(waits));
        assertTrue(refused.text().contains("set back"), refused.text());
    }

    @Test
    void clocks_of_two_machines_may_differ_a_little() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        clock.pass(Duration.ofSeconds(-50));
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @Test
    void a_request_that_was_taken_back_is_nowhere() {
        var guard = Desks.guard(state, clock);
        var name = approved(guard);
        guard.withdraw(name);
        assertEquals(List.of(), guard.waiting());
        assertTrue(refusal(guard, name, Desks.draft()).text().contains("no request"));
        guard.withdraw("../approval.key");
        assertTrue(Files.exists(state.resolve("approval.key")));
    }

    @Test
    void everything_in_the_state_folder_is_its_owners_alone() throws IOException {
        var guard = Desks.guard(state.resolve("new/state"), clock);
        guard.spend(approved(guard), Desks.draft());
        assertEquals("rwx------", permissions(state.resolve("new/state")));
        assertEquals("rwx------", permissions(state.resolve("new/state/requests")));
        assertEquals("rw-------", permissions(state.resolve("new/state/approval.key")));
        try (var files = Files.list(state.resolve("new/state/requests"))) {
            for (var file : files.toList()) {
                assertEquals("rw-------", permissions(file), file.toString());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"rwxrwx---", "rwx----w-", "rwxrwxrwx"})
    void a_folder_that_others_may_write_is_refused(String permissions) throws IOException {
        var folder = Files.createDirectory(state.resolve("open"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(permissions));
        var refused = assertThrows(
                ToolException.class, () -> Desks.guard(folder, clock).ask(Desks.draft()));
        assertEquals(ErrorCode.NOT_CONFIGURED, refused.code());
        assertTrue(refused.text().contains("others may write it"), refused.text());
    }

    @Test
    void a_key_that_others_may_read_is_refused() throws IOException {
        approved(Desks.guard(state, clock));
        Files.setPosixFilePermissions(state.resolve("approval.key"), PosixFilePermissions.fromString("rw-r-----"));
        var refused = assertThrows(
                ToolException.class, () -> Desks.guard(state, clock).waiting());
        assertTrue(refused.text().contains("may be read by others"), refused.text());
    }

    @Test
    void a_flood_of_requests_is_stopped() {
        var guard = Desks.guard(state, clock);
        for (int i = 0; i < 100; i++) {
            guard.ask(draftNamed("t" + i));
        }
        var refused = assertThrows(ToolException.class, () -> guard.ask(draftNamed("one more")));
        assertEquals(ErrorCode.CONFLICT, refused.code());
    }

    private long files() throws IOException {
        try (var files = Files.list(state.resolve("requests"))) {
            return files.filter(file -> !file.getFileName().toString().startsWith("."))
                    .count();
        }
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static Draft draftNamed(String tool) {
        return act(tool, "default", "id", "true", "one", "1", false);
    }

    private static Draft act(
            String tool,
            String cluster,
            String identity,
            String concurrently,
            String step,
            String size,
            boolean destructive) {
        return new Draft(
                tool,
                cluster,
                identity,
                concurrently == null ? Map.of() : Map.of("concurrently", concurrently),
                List.of(step),
                size == null ? Map.of() : Map.of("size", size),
                "plan",
                destructive);
    }
}
