package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Observed;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** What a server that is to be registered says of itself, as the coordinator reaches it. */
record Candidate(String where, @Nullable Facts facts, String silence) {
    record Facts(
            String systemIdentifier,
            boolean inRecovery,
            String extension,
            int group,
            int major,
            String walLevel,
            long tables) {}

    private record Said(boolean success, @Nullable String result) {}

    private static final String FACTS = """
            SELECT pg_catalog.concat_ws('|',
                   (SELECT system_identifier FROM pg_catalog.pg_control_system()), pg_catalog.pg_is_in_recovery(),
                   (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'),
                   (SELECT groupid FROM pg_catalog.pg_dist_local_group),
                   pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000,
                   pg_catalog.current_setting('wal_level'),
                   (SELECT pg_catalog.count(*) FROM pg_catalog.pg_dist_partition))""";

    private static final String ASK = """
            SELECT success, result
              FROM master_run_on_worker(ARRAY[?::text], ARRAY[?::int], ARRAY[?::text], false)
                   AS said(node_name, node_port, success, result)
            """;

    private static final String OWN = "SELECT true AS success, (" + FACTS + ") AS result";

    static Candidate ask(Citus citus, String host, int port) {
        return read(host + ":" + port, citus.forwarded(Said.class, ASK, host, port, FACTS));
    }

    /** The server that is asked, by itself. */
    static Candidate own(Citus citus) {
        return read("the coordinator", citus.forwarded(Said.class, OWN));
    }

    private static Candidate read(String where, Citus.Forwarded<Said> answer) {
        ToolException failed = answer.failed();
        if (failed != null) {
            return new Candidate(where, null, failed.text());
        }
        Said said = answer.rows().get(0);
        String text = said.result() == null ? "" : said.result().strip();
        String[] parts = text.split("\\|", -1);
        if (!said.success() || parts.length != 7) {
            String why = answer.notices().isEmpty() ? text : answer.notices().get(0);
            return new Candidate(where, null, why.isEmpty() ? "no answer" : why.replaceAll("\\s*\\n\\s*", " "));
        }
        return new Candidate(
                where,
                new Facts(
                        parts[0],
                        parts[1].startsWith("t"),
                        parts[2],
                        Integer.parseInt(parts[3]),
                        Integer.parseInt(parts[4]),
                        parts[5],
                        Long.parseLong(parts[6])),
                "");
    }

    /** That it answers as a primary of the same Citus; {@code silent} says what it means when it does not. */
    List<Check> checks(Candidate own, Verdict silent) {
        List<Check> checks = new ArrayList<>();
        Facts said = facts;
        checks.add(new Check(
                where + " answers the coordinator as a Citus server",
                said == null ? silent : Verdict.HOLDS,
                said == null ? silence : "extension " + said.extension()));
        if (said == null) {
            return checks;
        }
        checks.add(Deed.better(where + " is a primary", !said.inRecovery(), said.inRecovery() ? "a standby" : "yes"));
        Facts mine = own.facts();
        if (mine != null) {
            checks.add(Deed.better(
                    "it has the coordinator's version of Citus",
                    said.extension().equals(mine.extension()),
                    said.extension() + " there, " + mine.extension() + " here"));
            checks.add(Deed.better(
                    "it has the coordinator's version of PostgreSQL",
                    said.major() == mine.major(),
                    said.major() + " there, " + mine.major() + " here"));
        }
        return checks;
    }

    private static final String UNMANAGED = "Patroni does not manage it";
    private static final Check UNASKED =
            new Check(UNMANAGED, Verdict.UNKNOWN, "patroni_urls is not set; if it does, it will interfere");

    /** Who looks after a server; Patroni registers and moves its leaders in Citus' metadata by itself. */
    static Check patroni(Context context, String where) {
        return observed(context).map(observed -> managed(observed, where)).orElse(UNASKED);
    }

    /** Another address for a node: what Patroni itself would write is the leader of the node's own group. */
    static List<Check> patroni(Context context, CitusNode node, String where) {
        Optional<Observed> asked = observed(context);
        if (asked.isEmpty()) {
            return List.of(UNASKED);
        }
        Observed observed = asked.get();
        return around(observed, where)
                .filter(group -> leads(group, where) && isOf(node, group, observed))
                .map(group -> List.of(new Check(
                        "it is what Patroni would write",
                        Verdict.HOLDS,
                        where + " is the leader of Patroni's group " + group.name() + " and says so itself")))
                .orElseGet(() -> List.of(managed(observed, node.where()), managed(observed, where)));
    }

    private static boolean isOf(CitusNode node, Group group, Observed observed) {
        return around(observed, node.where()).filter(group::equals).isPresent()
                || group.name().equals(String.valueOf(node.groupId()));
    }

    private static Optional<Observed> observed(Context context) {
        return context.cluster().components().hasPatroni()
                ? Optional.of(context.cluster()
                        .patroni(context.call(), context.cluster().settings().httpTimeout()))
                : Optional.empty();
    }

    private static Check managed(Observed observed, String where) {
        Optional<Group> group = around(observed, where);
        if (group.isPresent()) {
            return new Check(
                    UNMANAGED,
                    Verdict.RISKY,
                    "it is " + member(group.get(), where).map(Member::name).orElse("?") + " of Patroni's group "
                            + group.get().name()
                            + ": Patroni writes its leader into pg_dist_node by itself and may undo this;"
                            + " patroni_failover and patroni_pause are the tools for it");
        }
        boolean all = observed.silent().isEmpty() && observed.unobserved().isEmpty();
        return new Check(
                UNMANAGED,
                all ? Verdict.HOLDS : Verdict.UNKNOWN,
                all ? "no member has this address" : "not every Patroni could be asked");
    }

    private static Optional<Group> around(Observed observed, String where) {
        return observed.groups().stream()
                .filter(group -> member(group, where).isPresent())
                .findFirst();
    }

    private static boolean leads(Group group, String where) {
        Optional<Member> member = member(group, where);
        return member.isPresent()
                && member.equals(group.leader())
                && member.get().own().map(OwnView::leads).orElse(false);
    }

    private static Optional<Member> member(Group group, String where) {
        return group.members().stream()
                .filter(one -> one.address().filter(where::equals).isPresent())
                .findFirst();
    }
}
