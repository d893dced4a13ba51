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
        SILENT
    }

    static Unread of(String component, String where, ToolException e) {
        return TOO_MANY_CONNECTIONS.equals(e.sqlstate())
                ? new Unread(new Unavailable(component, where, e.text()), Kind.FULL)
                : of(component, Silent.of(where, e));
    }

    static Unread of(String component, Silent silent) {
        Kind kind = silent.code() == ErrorCode.PERMISSION_DENIED ? Kind.LOGIN_REFUSED : Kind.SILENT;
        return new Unread(new Unavailable(component, silent.where(), silent.why()), kind);
    }

    static List<Unread> of(String component, List<Silent> all) {
        return all.stream().map(one -> of(component, one)).toList();
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
