package org.pgcluster.checks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.pgcluster.snapshot.Certificate;
import org.pgcluster.snapshot.Details;
import org.pgcluster.snapshot.Details.Prepared;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/** What goes wrong inside one server and is the estate's concern: archiving, disks, blocks, what was left behind. */
final class Servers implements Check {
    private static final long PREPARED_SECONDS = 10;
    private static final long OF_CITUS_SECONDS = 120;
    private static final long BEHIND_BYTES = 256L << 20;
    private static final long CERTIFICATE_DAYS = 30;
    private static final long CERTIFICATE_CRITICAL_DAYS = 7;

    @Override
    public List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>(List.of(
                new Kind("postgres.archiving_fails", "archiving is on and the last WAL file could not be archived"),
                new Kind("postgres.checksum_failures", "damaged blocks were read"),
                new Kind("postgres.disk_nearly_full", "the disk of a Citus node is nearly full"),
                new Kind("postgres.prepared_left", "a prepared transaction waits for its end and holds its locks"),
                new Kind("postgres.standby_behind", "a standby that no Patroni watches is far behind")));
        for (String component : List.of("postgres", "citus", "patroni", "haproxy", "pgbouncer")) {
            kinds.add(new Kind(component + ".certificate_near_end", "its TLS certificate ends soon or has ended"));
        }
        return kinds;
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        boolean watched = snapshot.around().patroni().isPresent();
        for (PostgresState state : snapshot.postgres()) {
            archiving(state, findings);
            blocks(state, findings);
            disk(state, findings);
            state.details().prepared().forEach(one -> prepared(state, one, findings));
            if (!watched) {
                standbys(state, findings);
            }
        }
        snapshot.certificates().forEach(one -> certificate(snapshot, one, findings));
        return findings;
    }

    private static void archiving(PostgresState state, List<Finding> findings) {
        Estate.facts(state)
                .filter(facts -> !facts.archiveMode().equals("off") && facts.archiveFails())
                .ifPresent(facts -> findings.add(Found.critical(
                                "postgres.archiving_fails",
                                state.where(),
                                state.where() + " cannot archive its WAL: there is no point-in-time recovery past "
                                        + facts.archiveFailedWal() + ", and pg_wal grows")
                        .read("pg_stat_archiver.last_failed_wal", facts.archiveFailedWal())
                        .read("failed_count", facts.archiveFailures())
                        .read("archive_mode", facts.archiveMode())
                        .byHand("SELECT * FROM pg_stat_archiver; SHOW archive_command (on " + state.where() + ")")
                        .advice("Run archive_command by hand as the server's user and see what it says: target full,"
                                + " credentials, network; its log has what it said. WAL is kept until it works.")));
    }

    private static void blocks(PostgresState state, List<Finding> findings) {
        Estate.facts(state)
                .filter(facts -> facts.checksumFailures() > 0)
                .ifPresent(facts -> findings.add(Found.critical(
                                "postgres.checksum_failures", state.where(), state.where() + " has read damaged blocks")
                        .read("pg_stat_database.checksum_failures", facts.checksumFailures())
                        .byHand("SELECT datname, checksum_failures, checksum_last_failure FROM pg_stat_database (on "
                                + state.where() + ")")
                        .advice("Suspect its disk. Take a backup of what can be read, fail over to a replica that is"
                                + " whole, then make this one anew.")));
    }

    private static void disk(PostgresState state, List<Finding> findings) {
        Details.Disk disk = state.details().disk();
        if (disk == null || disk.totalBytes() <= 0 || disk.freeBytes() * 10 >= disk.totalBytes()) {
            return;
        }
        String title = state.where() + " has " + disk.freeBytes() * 100 / disk.totalBytes() + " % of its disk left";
        Found found = disk.freeBytes() * 20 < disk.totalBytes()
                ? Found.critical("postgres.disk_nearly_full", state.where(), title)
                : Found.warning("postgres.disk_nearly_full", state.where(), title);
        findings.add(found.read("free_bytes", disk.freeBytes())
                .read("total_bytes", disk.totalBytes())
                .next("citus_shard_distribution")
                .advice("A full disk stops the server. Look for slots that hold WAL and archiving that fails before"
                        + " moving shards away."));
    }

    private static void prepared(PostgresState state, Prepared one, List<Finding> findings) {
        if (one.seconds() < (one.ofCitus() ? OF_CITUS_SECONDS : PREPARED_SECONDS)) {
            return;
        }
        Found found = Found.warning(
                        "postgres.prepared_left",
                        state.where() + " " + one.gid(),
                        "Prepared transaction " + one.gid() + " on " + state.where() + " has waited for its end for "
                                + one.seconds() + " s and holds its locks")
                .read("server", state.where())
                .read("gid", one.gid())
                .read("database", one.database())
                .read("seconds", one.seconds());
        findings.add(
                one.ofCitus()
                        ? found.next("citus_leftovers")
                                .byHand("SELECT recover_prepared_transactions() (on " + state.where() + ")")
                                .advice(
                                        "Citus ends its own within a minute; where it does not, one of its nodes is out of"
                                                + " reach.")
                        : found.next("blocking_locks")
                                .byHand("ROLLBACK PREPARED '" + one.gid().replace("'", "''") + "' (on " + state.where()
                                        + ", once its owner agrees)")
                                .advice("Ask the application that owns it whether it commits or rolls back: nobody else"
                                        + " ends it."));
    }

    private static void standbys(PostgresState state, List<Finding> findings) {
        state.details().standbys().stream()
                .filter(one -> one.behindBytes() != null && one.behindBytes() >= BEHIND_BYTES)
                .forEach(one -> findings.add(Found.warning(
                                "postgres.standby_behind",
                                one.name(),
                                "Standby " + one.name() + " of " + state.where() + " is " + one.behindBytes()
                                        + " bytes behind")
                        .read("state", one.state())
                        .read("behind_bytes", one.behindBytes())
                        .byHand("SELECT * FROM pg_stat_replication (on " + state.where() + ")")
                        .advice("Look at its disk and network.")));
    }

    private static void certificate(Snapshot snapshot, Certificate one, List<Finding> findings) {
        long days = Duration.between(snapshot.takenAt(), one.validUntil()).toDays();
        boolean over = !one.validUntil().isAfter(snapshot.takenAt());
        if (days >= CERTIFICATE_DAYS) {
            return;
        }
        String id = one.component() + ".certificate_near_end";
        String title = "The certificate of " + one.where() + (over ? " has ended" : " ends in " + days + " days");
        Found found = over || days < CERTIFICATE_CRITICAL_DAYS
                ? Found.critical(id, one.where(), title)
                : Found.warning(id, one.where(), title);
        findings.add(found.read("subject", one.subject())
                .read("valid_until", one.validUntil().toString())
                .byHand("openssl s_client -connect " + one.where()
                        + (one.component().matches("patroni|haproxy") ? "" : " -starttls postgres")
                        + " </dev/null | openssl x509 -noout -dates")
                .advice("Clients that verify are refused from then on. Put a new one in place and reload: PostgreSQL"
                        + " and PgBouncer take it without a restart."));
    }
}
