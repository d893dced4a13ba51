package org.pgcluster.snapshot;

import java.util.List;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;

/** A part that could not be read, and what kind of no that was: the words of it hold addresses and come in any language. */
public record Unread(Unavailable part, Kind kind) {
    private static final String TOO_MANY_CONNECTIONS = "53300";

    public enum Kind {
        FULL,
        LOGIN_REFUSED,
        /** It answered, and refused one of the questions. */
        PARTLY,
        /** Its host answered that nothing listens there. */
        GONE,
        HANGING,
        /** Anything else. */
        SILENT
    }

    static Unread of(String component, String where, ToolException e) {
        return new Unread(new Unavailable(component, where, e.text()), kind(e));
    }

    static List<Unread> all(String component, List<Silent> silent) {
        return silent.stream()
                .map(one -> of(component, one.where(), one.failure()))
                .toList();
    }

    private static Kind kind(ToolException e) {
        if (TOO_MANY_CONNECTIONS.equals(e.sqlstate())) {
            return Kind.FULL;
        }
        if (e.code() == ErrorCode.PERMISSION_DENIED) {
            return Kind.LOGIN_REFUSED;
        }
        return e.nobodyListens() ? Kind.GONE : e.timeIsOver() ? Kind.HANGING : Kind.SILENT;
    }

    /** As answers show them. */
    public static List<Unavailable> parts(List<Unread> all) {
        return all.stream().map(Unread::part).toList();
    }

    public String component() {
        return part.component();
    }

    public String where() {
        return part.where();
    }

    public String why() {
        return part.why();
    }
}
