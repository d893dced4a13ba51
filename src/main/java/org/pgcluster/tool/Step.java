package org.pgcluster.tool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One thing that an act sends, exactly as it will be sent. It is shown to the person who approves it. */
public sealed interface Step permits Step.Statement, Step.Request {
    /** All of it, in order: what a person is shown and what an approval covers. */
    List<@Nullable Object> parts();

    When when();

    /** What a line of the audit says of it. */
    String inShort();

    /** When it is sent. What runs only after a failure is part of the plan, too. */
    enum When {
        IN_ORDER,
        IF_AN_EARLIER_ONE_FAILED
    }

    /** How a statement meets transactions. */
    enum Transaction {
        /** Each on its own, committed by the server when it ends. */
        NONE,
        /** The same, and it may wait for old transactions without limit: only those who hold it up would notice. */
        CONCURRENT,
        /** In one transaction with a look at what it did before it commits. */
        CHECKED,
        /** All such steps of the plan in one transaction, with a look at what they did before it commits. */
        TOGETHER
    }

    /** {@code most} is how many rows it may touch where it is {@code CHECKED}. */
    record Statement(
            String where, String sql, List<@Nullable Object> parameters, When when, Transaction transaction, long most)
            implements Step {
        public Statement {
            parameters = Collections.unmodifiableList(new ArrayList<>(parameters));
        }

        @Override
        public String inShort() {
            return sql;
        }

        @Override
        public List<@Nullable Object> parts() {
            List<@Nullable Object> parts = new ArrayList<>();
            parts.add(where);
            parts.add(sql);
            parts.addAll(parameters);
            parts.add(when.name());
            parts.add(transaction.name());
            parts.add(most);
            return parts;
        }
    }

    /** Who stands beside the databases. */
    enum Component {
        PATRONI,
        HAPROXY,
        PGBOUNCER
    }

    /**
     * What a component is sent: to Patroni a method and path with a body, to HAProxy and PgBouncer a command. It is waited
     * for no longer than {@code patience}.
     */
    record Request(Component to, String where, String words, String body, When when, Duration patience)
            implements Step {
        @Override
        public List<@Nullable Object> parts() {
            return List.of(to.name(), where, words, body, when.name(), patience.toSeconds());
        }

        @Override
        public String inShort() {
            return words + (body.isEmpty() ? "" : " " + body);
        }
    }

    static Request request(Component to, String where, String words, String body, Duration patience) {
        return new Request(to, where, words, body, When.IN_ORDER, patience);
    }

    static Request requestIfAnEarlierOneFailed(Component to, String where, String words, Duration patience) {
        return new Request(to, where, words, "", When.IF_AN_EARLIER_ONE_FAILED, patience);
    }

    static Statement statement(String where, String sql, @Nullable Object... parameters) {
        return new Statement(where, sql, Arrays.asList(parameters), When.IN_ORDER, Transaction.NONE, 0);
    }

    static Statement concurrent(String where, String sql) {
        return new Statement(where, sql, List.of(), When.IN_ORDER, Transaction.CONCURRENT, 0);
    }

    /** It cleans up, so it waits for locks no longer than any other step: somebody waits for its answer. */
    static Statement ifAnEarlierOneFailed(String where, String sql) {
        return new Statement(where, sql, List.of(), When.IF_AN_EARLIER_ONE_FAILED, Transaction.NONE, 0);
    }

    static Statement checked(String where, String sql, List<@Nullable Object> parameters, long most) {
        return new Statement(where, sql, parameters, When.IN_ORDER, Transaction.CHECKED, most);
    }

    static Statement together(String where, String sql) {
        return new Statement(where, sql, List.of(), When.IN_ORDER, Transaction.TOGETHER, 0);
    }
}
