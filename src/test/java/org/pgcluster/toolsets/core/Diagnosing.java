package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.pgcluster.checks.Check;
import org.pgcluster.checks.Checks;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/** An own estate that is broken in one way after the other, and what cluster_health says of it each time. */
final class Diagnosing implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 150;

    private static final String HEALTHY = "Healthy: everything was read and nothing was found.";

    private static final Set<String> KNOWN =
            Checks.kinds().stream().map(Check.Kind::id).collect(Collectors.toUnmodifiableSet());

    private final OwnLab estate;
    private final Lab lab;

    /** What was said of a fault at last. */
    record Told(String fault, String first, String title, List<String> others, List<String> effects, double seconds) {}

    private Diagnosing(OwnLab estate, Lab lab) {
        this.estate = estate;
        this.lab = lab;
    }

    static Diagnosing on(String name, int groups, Path folder) throws IOException {
        return on(name, groups, folder, Map.of());
    }

    /** With a server that may act and approve itself. */
    static Diagnosing acting(String name, int groups, Path folder) throws IOException {
        return on(name, groups, folder, Map.of("mode", "admin", "allow_execute", "true", "approval", "self"));
    }

    private static Diagnosing on(String name, int groups, Path folder, Map<String, String> more) throws IOException {
        OwnLab estate = OwnLab.up(name, groups);
        try {
            Map<String, String> keys = new LinkedHashMap<>(more);
            keys.put("patroni_urls", estate.variables().getOrDefault("LAB_PATRONI_ALL", ""));
            keys.put("expect_members_per_group", "2");
            keys.put("expect_workers", String.valueOf(groups - 1));
            if (!more.isEmpty()) {
                keys.put("admin_dsn", estate.variables().getOrDefault("LAB_DSN", ""));
            }
            List<String> pairs = new ArrayList<>();
            keys.forEach((key, value) -> pairs.addAll(List.of(key, value)));
            return new Diagnosing(estate, Lab.on(estate.variables(), folder, pairs.toArray(new String[0])));
        } catch (RuntimeException e) {
            estate.close();
            throw e;
        }
    }

    Map<String, String> variables() {
        return estate.variables();
    }

    void breaks(String fault) throws IOException {
        estate.breaks(fault);
    }

    void heals() throws IOException {
        estate.heal();
    }

    /** These roots and no other, in whatever order. */
    void tells(Set<String> roots) {
        List<Map<?, ?>> found = await(findings -> findings.stream()
                .map(Diagnosing::id)
                .collect(Collectors.toSet())
                .equals(roots));
        assertEquals(roots, found.stream().map(Diagnosing::id).collect(Collectors.toSet()), found.toString());
    }

    /** What is found once this is all. */
    List<Map<?, ?>> only(String wanted) {
        return await(found -> found.size() == 1 && id(found.get(0)).equals(wanted));
    }

    Answer call(String tool, Map<String, Object> arguments) {
        List<Object> pairs = new ArrayList<>();
        arguments.forEach((name, value) -> pairs.addAll(List.of(name, value)));
        return lab.call(tool, pairs.toArray());
    }

    Answer approved(String act, Map<String, Object> arguments) {
        Answer filed = lab.call("citus_request_approval_token", "action", act, "arguments", arguments);
        assertFalse(filed.isError(), filed.text());
        Map<String, Object> all = new LinkedHashMap<>(arguments);
        all.put("approval_token", Objects.requireNonNull(filed.structured().get("token")));
        return call(act, all);
    }

    Answer health() {
        return lab.call("cluster_health");
    }

    /** A healthy estate is told of in the same words each time, and absence was judged. */
    void isSilent() {
        long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000;
        String before;
        String now = health().text();
        do {
            pause();
            before = now;
            now = health().text();
        } while (!(now.startsWith(HEALTHY) && now.equals(before)) && System.nanoTime() < deadline);
        assertTrue(now.startsWith(HEALTHY), now);
        assertEquals(before, now);
        assertFalse(now.contains("Absence was not judged"), now);
    }

    /** Breaks it, waits until the right cause comes first with nothing false beside it, and heals it. */
    Told told(String fault, String root, String beside) throws IOException {
        Pattern allowed = Pattern.compile(root + (beside.isEmpty() ? "" : "|" + beside));
        estate.breaks(fault);
        try {
            long began = System.nanoTime();
            List<Map<?, ?>> found = await(findings -> !findings.isEmpty()
                    && id(findings.get(0)).matches(root)
                    && findings.stream()
                            .allMatch(one -> allowed.matcher(id(one)).matches()));
            double seconds = Math.round((System.nanoTime() - began) / 1e8) / 10.0;
            assertFalse(found.isEmpty(), fault + " was not noticed");
            assertTrue(id(found.get(0)).matches(root), () -> fault + " is told as " + found);
            for (Map<?, ?> finding : found) {
                assertTrue(allowed.matcher(id(finding)).matches(), () -> "beside " + fault + ": " + finding);
                assertTrue(KNOWN.contains(id(finding)), () -> "no kind of finding that is listed: " + finding);
                boolean further = finding.get("next") != null || finding.get("by_hand") != null;
                assertTrue(further, () -> "leads nowhere: " + finding);
                assertFalse(((Map<?, ?>) Objects.requireNonNull(finding.get("evidence"))).isEmpty(), id(finding));
                if (finding.get("by_hand") instanceof String command) {
                    new Hands(estate.variables()).run(command);
                }
            }
            return new Told(
                    fault,
                    id(found.get(0)),
                    String.valueOf(found.get(0).get("title")),
                    found.stream().skip(1).map(Diagnosing::id).distinct().toList(),
                    effects(found.get(0)),
                    seconds);
        } finally {
            estate.heal();
        }
    }

    private interface Wanted {
        boolean holds(List<Map<?, ?>> findings);
    }

    /** What it says once it says so twice in a row, or at last: around a fault there are moments. */
    private List<Map<?, ?>> await(Wanted wanted) {
        long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000;
        List<Map<?, ?>> found;
        int held = 0;
        do {
            found = Lab.rows(health(), "findings");
            held = wanted.holds(found) ? held + 1 : 0;
            pause();
        } while (held < 2 && System.nanoTime() < deadline);
        return found;
    }

    private static void pause() {
        try {
            Thread.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String id(Map<?, ?> finding) {
        return String.valueOf(finding.get("id"));
    }

    private static List<String> effects(Map<?, ?> finding) {
        List<String> ids = new ArrayList<>();
        if (finding.get("effects") instanceof List<?> effects) {
            effects.forEach(effect -> ids.add(id((Map<?, ?>) effect)));
        }
        return ids.stream().distinct().toList();
    }

    @Override
    public void close() throws IOException {
        lab.close();
        estate.close();
    }
}
