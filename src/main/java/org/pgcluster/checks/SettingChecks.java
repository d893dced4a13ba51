package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState;
import org.pgcluster.snapshot.DatabaseState.Fact;

/** Settings that are unsafe by themselves or together. Memory is judged only where somebody said how much there is. */
final class SettingChecks {
    private static final long BLOCK_KB = 8;

    private final List<Finding> findings = new ArrayList<>();
    private final Map<String, Fact> settings = new LinkedHashMap<>();

    private SettingChecks(DatabaseState state) {
        state.of("setting").forEach(fact -> settings.put(fact.subject(), fact));
    }

    static List<Finding> of(DatabaseState state, OptionalInt hostMemoryMb) {
        SettingChecks checks = new SettingChecks(state);
        if (checks.settings.isEmpty()) {
            return List.of();
        }
        checks.alone();
        checks.together(state);
        hostMemoryMb.ifPresent(checks::memory);
        return checks.findings;
    }

    private void alone() {
        worse("fsync", "off", Severity.CRITICAL, "a crash of the machine can destroy the whole cluster");
        worse("full_page_writes", "off", Severity.CRITICAL, "a crash of the machine can leave torn blocks");
        worse("autovacuum", "off", Severity.CRITICAL, "dead rows stay and transaction numbers run out");
        worse("track_counts", "off", Severity.CRITICAL, "autovacuum does not see what it has to do");
        worse("zero_damaged_pages", "on", Severity.CRITICAL, "damaged blocks are emptied silently");
        worse("ignore_checksum_failure", "on", Severity.CRITICAL, "damaged blocks are read as if nothing were wrong");
        worse("synchronous_commit", "off", Severity.NOTICE, "a crash loses the last commits that clients were told of");
        worse("password_encryption", "md5", Severity.NOTICE, "new passwords are stored as MD5");
        settings.values().stream()
                .filter(fact -> fact.is("pending_restart"))
                .forEach(fact -> add(
                        "setting_waits_for_restart",
                        Severity.NOTICE,
                        fact.subject(),
                        fact.subject() + " was changed and waits for a restart",
                        fact.values(),
                        "Restart at a quiet time; on Patroni patroni_restart with pending_only."));
    }

    private void together(DatabaseState state) {
        boolean archives = !value("archive_mode").equals("off") && settings.containsKey("archive_mode");
        if (archives
                && value("archive_command").isEmpty()
                && value("archive_library").isEmpty()) {
            add(
                    "archive_without_command",
                    Severity.CRITICAL,
                    "archive_mode",
                    "archive_mode is on and nothing archives: pg_wal grows until the disk is full",
                    both("archive_mode", "archive_command"),
                    "Set archive_command, or archive_mode off.");
        }
        boolean wantsSync = !value("synchronous_standby_names").isEmpty()
                && !value("synchronous_commit").equals("off")
                && !value("synchronous_commit").equals("local");
        boolean standby = state.of("receiver").findAny().isPresent();
        boolean looked =
                state.unavailable().stream().noneMatch(one -> one.where().endsWith("replica"));
        if (wantsSync && !standby && looked && state.of("replica").noneMatch(SettingChecks::synchronous)) {
            add(
                    "no_synchronous_standby",
                    Severity.CRITICAL,
                    "synchronous_standby_names",
                    "Commits wait for a synchronous standby and none is connected",
                    both("synchronous_standby_names", "synchronous_commit"),
                    "Bring the standby back; where that takes long, take it out of synchronous_standby_names.");
        }
    }

    private static boolean synchronous(Fact replica) {
        String state = replica.text("sync_state").orElse("");
        return state.equals("sync") || state.equals("quorum");
    }

    private void memory(int hostMb) {
        double shared = number("shared_buffers") * BLOCK_KB / 1024;
        double work = number("work_mem") / 1024;
        double most = shared
                + number("max_connections") * work
                + number("autovacuum_max_workers") * number("maintenance_work_mem") / 1024;
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        evidence.put("host_memory_mb", hostMb);
        evidence.put("shared_buffers_mb", Math.round(shared));
        evidence.put("work_mem_mb", Math.round(work));
        evidence.put("max_connections", Math.round(number("max_connections")));
        evidence.put("all_at_once_mb", Math.round(most));
        if (shared > 0.6 * hostMb) {
            add(
                    "shared_buffers_large",
                    Severity.WARNING,
                    "shared_buffers",
                    "shared_buffers takes most of the memory of the host",
                    evidence,
                    "A quarter is usual.");
        }
        if (most > 1.5 * hostMb) {
            add(
                    "memory_oversold",
                    Severity.WARNING,
                    "work_mem",
                    "All connections together may take more memory than the host has",
                    evidence,
                    "Lower work_mem or max_connections, or pool connections.");
        }
    }

    private void worse(String name, String bad, Severity severity, String why) {
        if (value(name).equals(bad)) {
            add("setting_unsafe", severity, name, name + " is " + bad + ": " + why, both(name, name), "Change it.");
        }
    }

    private Map<String, @Nullable Object> both(String one, String other) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        evidence.put(one, value(one));
        evidence.put(other, value(other));
        return evidence;
    }

    private String value(String name) {
        Fact fact = settings.get(name);
        return fact == null ? "" : fact.text("value").orElse("");
    }

    private double number(String name) {
        String value = value(name);
        return value.isEmpty() ? 0 : Double.parseDouble(value);
    }

    private void add(
            String id,
            Severity severity,
            String subject,
            String title,
            Map<String, @Nullable Object> evidence,
            String advice) {
        findings.add(new Finding(
                "database." + id,
                severity,
                Sure.CERTAIN,
                "postgres",
                subject,
                title,
                evidence,
                advice,
                Optional.empty(),
                Optional.empty()));
    }
}
