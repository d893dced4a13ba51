package org.pgcluster.guard;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Somebody who can write the state folder, but has no secret, tries to get an act through that nobody consented to. */
class ForgeryTest {
    @TempDir
    Path state;

    private final SettableClock clock = new SettableClock();
    private Guard guard;
    private String name;

    @BeforeEach
    void one_request_is_approved() {
        guard = Desks.guard(state, clock);
        name = guard.ask(Desks.draft()).name();
        guard.approve(name, Desks.ANN, Optional.empty());
    }

    private Path file(String suffix) {
        return state.resolve("requests").resolve(name + suffix);
    }

    private ToolException refused(String nameOrToken) {
        var refusal = assertThrows(ToolException.class, () -> guard.spend(nameOrToken, Desks.draft()));
        assertEquals(ErrorCode.APPROVAL_INVALID, refusal.code());
        return refusal;
    }

    static Stream<String> lines_of_a_request() {
        var body = Opened.fresh(
                        "amber-ant-10",
                        "00",
                        Desks.draft(),
                        new SettableClock().instant(),
                        new SettableClock().instant(),
                        Desks.APPROVAL)
                .body();
        return body.lines();
    }

    @Test
    void every_line_of_a_request_is_sealed() throws IOException {
        var whole = Files.readString(file(".request"));
        int lines = (int) whole.lines().count();
        assertEquals(lines_of_a_request().count() + 1, lines);
        for (int line = 0; line < lines; line++) {
            Files.writeString(file(".request"), altered(whole, line));
            assertTrue(refused(name).text().contains("altered"), "line " + line);
            assertEquals(List.of(), guard.waiting());
        }
        Files.writeString(file(".request"), whole);
        assertEquals("ann", guard.spend(name, Desks.draft()).approver().who());
    }

    @Test
    void every_line_of_an_approval_is_sealed() throws IOException {
        var whole = Files.readString(file(".approval"));
        int lines = (int) whole.lines().count();
        assertEquals(7, lines);
        for (int line = 0; line < lines; line++) {
            Files.writeString(file(".approval"), altered(whole, line));
            assertTrue(refused(name).text().contains("altered"), "line " + line);
        }
        Files.writeString(file(".approval"), whole);
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @ParameterizedTest
    @MethodSource("lines_of_a_request")
    void no_line_can_be_taken_out_of_a_request(String line) throws IOException {
        var key = line.contains("=") ? line.substring(0, line.indexOf('=') + 1) : line;
        var left = Files.readString(file(".request"))
                .lines()
                .filter(there -> !there.startsWith(key))
                .toList();
        Files.writeString(file(".request"), String.join("\n", left) + "\n");
        assertTrue(refused(name).text().contains("altered"));
    }

    @Test
    void a_truncated_file_is_refused_wherever_it_was_cut() throws IOException {
        for (var suffix : List.of(".request", ".approval")) {
            var whole = Files.readAllBytes(file(suffix));
            for (int length = 0; length < whole.length; length++) {
                Files.write(file(suffix), java.util.Arrays.copyOf(whole, length));
                refused(name);
            }
            Files.write(file(suffix), whole);
        }
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @Test
    void a_line_hidden_in_a_value_stays_a_part_of_that_value() {
        var planted = new Draft(
                "create_index\nargument:table=\"secrets\"",
                "default\r\nseal=x",
                "id\\n=",
                java.util.Map.of("a=b\nstep", "1", "x", "\ud800"),
                List.of("one\nstep=two"),
                java.util.Map.of(),
                "plan\nseal=abc\n",
                true);
        var waits = guard.ask(planted).name();
        assertEquals(planted, guard.open(waits).draft());
    }

    @Test
    void the_approval_of_one_request_does_not_fit_another() throws IOException {
        var harmful = draftOf("drop_index");
        var other = guard.ask(harmful).name();
        var moved = Files.readString(file(".approval"));
        Files.writeString(state.resolve("requests").resolve(other + ".approval"), moved.replace(name, other));
        assertThrows(ToolException.class, () -> guard.spend(other, harmful));
        Files.writeString(state.resolve("requests").resolve(other + ".approval"), moved);
        var refusal = assertThrows(ToolException.class, () -> guard.spend(other, harmful));
        assertTrue(refusal.text().contains("another request"), refusal.text());
    }

    @Test
    void a_request_replaced_by_another_sealed_one_is_refused() throws IOException {
        var harmful = draftOf("drop_index");
        var other = guard.ask(harmful).name();
        Files.copy(
                state.resolve("requests").resolve(other + ".request"),
                file(".request"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertTrue(refused(name).text().contains("holds the request " + other));
    }

    @Test
    void a_consent_covers_what_was_shown_even_when_the_file_is_replaced_meanwhile() throws IOException {
        var shown = guard.open(name);
        Files.delete(file(".request"));
        Files.delete(file(".approval"));
        var secret = Files.readString(state.resolve(Key.FILE)).strip();
        var seal = new Seal(java.util.HexFormat.of().parseHex(secret));
        var harmful = Opened.fresh(
                name,
                "11",
                draftOf("drop_index"),
                clock.instant(),
                clock.instant().plusSeconds(60),
                Desks.APPROVAL);
        Files.writeString(file(".request"), Sealed.wrap(harmful.body(), seal.of(Seal.Label.REQUEST, harmful.body())));

        guard.approve(shown, Desks.ANN, Optional.empty());

        assertThrows(ToolException.class, () -> guard.spend(name, draftOf("drop_index")));
    }

    @Test
    void a_seal_of_one_label_never_passes_for_another() {
        var seal = new Seal(new byte[32]);
        var seals = new ArrayList<String>();
        for (var label : Seal.Label.values()) {
            seals.add(seal.of(label, "text"));
            for (var other : Seal.Label.values()) {
                assertEquals(label == other, seal.fits(other, "text", seal.of(label, "text")));
            }
        }
        assertEquals(3, seals.stream().distinct().count());
    }

    @Test
    void a_seal_is_the_hmac_that_openssl_makes() throws Exception {
        var process = new ProcessBuilder("openssl", "dgst", "-sha256", "-hmac", "sixteen-letters-", "-binary")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var stdin = process.getOutputStream()) {
            stdin.write("pgcluster-mcp seal 1 token\nbody".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        var theirs = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(process.getInputStream().readAllBytes());
        var ours = new Seal("sixteen-letters-".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .of(Seal.Label.TOKEN, "body");
        assertEquals(theirs, ours);
    }

    @Test
    void another_secret_opens_nothing() {
        var stranger = Desks.guard(state, "another secret of 24 let", clock);
        var refusal = assertThrows(ToolException.class, () -> stranger.spend(name, Desks.draft()));
        assertTrue(refusal.text().contains("another approval_secret"));
        assertEquals(List.of(), stranger.waiting());
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @Test
    void links_are_not_followed() throws IOException {
        for (var suffix : List.of(".request", ".approval")) {
            var elsewhere = state.resolve("moved" + suffix);
            Files.move(file(suffix), elsewhere);
            Files.createSymbolicLink(file(suffix), elsewhere);
            assertTrue(refused(name).text().contains("no regular file"));
            Files.delete(file(suffix));
            Files.move(elsewhere, file(suffix));
        }
        assertDoesNotThrow(() -> guard.spend(name, Desks.draft()));
    }

    @Test
    void a_link_where_the_mark_of_a_spent_approval_belongs_counts_as_spent() throws IOException {
        Files.createSymbolicLink(file(".spent"), state.resolve("nowhere"));
        assertTrue(refused(name).text().contains("used already"));
    }

    @Test
    void a_name_never_leaves_the_folder() throws IOException {
        Files.copy(file(".request"), state.resolve("out.request"));
        for (var path : List.of(
                "../out",
                "..",
                "",
                "/etc/passwd",
                name + "/../" + name,
                name.toUpperCase(java.util.Locale.ROOT),
                name + "\0",
                "x".repeat(5000))) {
            assertTrue(refused(path).text().startsWith("There is no request"), path);
        }
    }

    @Test
    void a_token_is_refused_when_any_character_of_it_is_changed() {
        var shared = Desks.guard(state.resolve("shared"), "one secret on two machines", clock);
        var requested = shared.ask(Desks.draft());
        var token = shared.token(shared.openCopy(requested.file()), "ann", Optional.empty());
        for (int i = 0; i < token.length(); i++) {
            char other = token.charAt(i) == 'a' ? 'b' : 'a';
            // The last character of the seal carries two unused bits, but the text is compared, not the bytes.
            var changed = token.substring(0, i) + other + token.substring(i + 1);
            assertNotEquals(token, changed);
            assertThrows(ToolException.class, () -> shared.spend(changed, Desks.draft()), changed);
        }
        for (var odd :
                List.of(requested.name() + ".", requested.name() + "...", token + ".", token + "a", "." + token)) {
            assertThrows(ToolException.class, () -> shared.spend(odd, Desks.draft()), odd);
        }
        assertEquals(
                Approver.How.TOKEN,
                shared.spend(token, Desks.draft()).approver().how());
    }

    private static Draft draftOf(String tool) {
        var one = Desks.draft();
        return new Draft(
                tool,
                one.cluster(),
                one.clusterIdentity(),
                one.arguments(),
                one.steps(),
                one.state(),
                one.planText(),
                one.destructive());
    }

    private static String altered(String whole, int line) {
        var lines = new ArrayList<>(whole.lines().toList());
        var text = lines.get(line);
        char last = text.charAt(text.length() - 1);
        lines.set(line, text.substring(0, text.length() - 1) + (last == 'x' ? 'y' : 'x'));
        return String.join("\n", lines) + "\n";
    }
}
