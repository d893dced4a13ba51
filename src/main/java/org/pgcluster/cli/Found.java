package org.pgcluster.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** One line of {@code check}; {@code mend} is empty where nothing is to be done. */
record Found(Verdict verdict, String what, String text, String mend) {
    enum Verdict {
        WORKS,
        WARNS,
        FAILS
    }

    static Found works(String what, String text) {
        return new Found(Verdict.WORKS, what, text, "");
    }

    static Found warns(String what, String text, String mend) {
        return new Found(Verdict.WARNS, what, text, mend);
    }

    static Found fails(String what, String text, String mend) {
        return new Found(Verdict.FAILS, what, text, mend);
    }

    String mark() {
        return switch (verdict) {
            case WORKS -> Terminal.green("works  ");
            case WARNS -> Terminal.yellow("warning");
            case FAILS -> Terminal.red("fails  ");
        };
    }

    Map<String, Object> data() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("verdict", verdict.name().toLowerCase(Locale.ROOT));
        data.put("what", what);
        data.put("text", text);
        if (!mend.isEmpty()) {
            data.put("mend", mend);
        }
        return data;
    }
}
