package org.pgcluster.haproxy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A server of a backend. {@code status} is HAProxy's own word, {@code check} what its last check found, in plain words.
 * Counters are since HAProxy started.
 *
 * @param drained by hand; of a server that is down only the runtime socket tells it
 */
public record Server(
        String backend,
        String name,
        @Nullable String address,
        @Nullable Integer checkPort,
        String status,
        boolean drained,
        String check,
        String checkStatus,
        @Nullable Long checkCode,
        @Nullable Long weight,
        boolean backup,
        @Nullable Long sessions,
        @Nullable Long mostSessions,
        @Nullable Long limit,
        @Nullable Long queue,
        @Nullable Long rate,
        @Nullable Long connectErrors,
        @Nullable Long responseErrors,
        @Nullable Long retries,
        @Nullable Long failedChecks,
        @Nullable Long timesDown,
        @Nullable Long lastChangeSeconds,
        @Nullable Long downSeconds) {
    public enum State {
        UP,
        GOING_DOWN,
        COMING_UP,
        DOWN,
        DRAIN,
        MAINTENANCE,
        UNCHECKED,
        UNKNOWN
    }

    /** Gets new connections: on its way down it still does, on its way up not yet. */
    public boolean serves() {
        return state() == State.UP || state() == State.GOING_DOWN || state() == State.UNCHECKED;
    }

    public State state() {
        if (status.equals("UP")) {
            return State.UP;
        }
        if (status.startsWith("UP ")) {
            return State.GOING_DOWN;
        }
        if (status.startsWith("DOWN ") && status.contains("/")) {
            return State.COMING_UP;
        }
        if (status.startsWith("DOWN")) {
            return State.DOWN;
        }
        if (status.startsWith("DRAIN") || status.startsWith("NOLB")) {
            return State.DRAIN;
        }
        if (status.startsWith("MAINT")) {
            return State.MAINTENANCE;
        }
        return status.equals("no check") ? State.UNCHECKED : State.UNKNOWN;
    }

    static Server of(Stat stat) {
        String check = stat.text("check_status").replaceFirst("^\\* ?", "");
        String address = stat.text("addr");
        return new Server(
                stat.text("pxname"),
                stat.text("svname"),
                address.isEmpty() ? null : address,
                null,
                stat.text("status"),
                stat.text("status").startsWith("DRAIN"),
                words(check, stat),
                check,
                stat.number("check_code"),
                stat.number("weight"),
                Long.valueOf(1).equals(stat.number("bck")),
                stat.number("scur"),
                stat.number("smax"),
                stat.number("slim"),
                stat.number("qcur"),
                stat.number("rate"),
                stat.number("econ"),
                stat.number("eresp"),
                stat.number("wretr"),
                stat.number("chkfail"),
                stat.number("chkdown"),
                stat.number("lastchg"),
                stat.number("downtime"));
    }

    /** As it is called in answers. */
    public String stateInWords() {
        State state = state();
        String words =
                state == State.UNKNOWN ? status + " (unknown to this version)" : state.name().toLowerCase(Locale.ROOT);
        return words + (drained && state != State.DRAIN ? ", drained" : "");
    }

    Server at(String where, int port, boolean taken) {
        return new Server(
                backend,
                name,
                where,
                port == 0 ? checkPort : (Integer) port,
                status,
                drained || taken,
                check,
                checkStatus,
                checkCode,
                weight,
                backup,
                sessions,
                mostSessions,
                limit,
                queue,
                rate,
                connectErrors,
                responseErrors,
                retries,
                failedChecks,
                timesDown,
                lastChangeSeconds,
                downSeconds);
    }

    private static String words(String check, Stat stat) {
        String code = stat.text("check_code");
        return switch (check) {
            case "" -> stat.text("status").equals("no check") ? "never checked" : "not checked now";
            case "INI" -> "first check still to come";
            case "L4OK", "L6OK" -> "the port accepts connections; its role is not asked";
            case "L7OK", "L7OKC" ->
                "its check says yes" + (code.isEmpty() || code.equals("0") ? "" : " (" + code + ")");
            case "L7STS" -> code.equals("503") ? "answers that it is not this role (503)" : "its check answers " + code;
            case "L4CON" -> "the port that is checked refuses: " + stat.text("last_chk");
            case "L4TOUT", "L6TOUT", "L7TOUT" -> "its check gets no answer in time";
            case "L6RSP", "L7RSP" -> "its check gets an answer that it does not understand";
            case "SOCKERR" -> "HAProxy itself cannot open a socket";
            default -> check + " " + stat.text("last_chk");
        };
    }
}
