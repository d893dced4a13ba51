package org.pgcluster.shape;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** Everything that is wrong with one set of arguments, so that it can be mended in one go. */
public final class Problems {
    private static final int LONGEST_VALUE = 60;
    private static final int MOST_TOLD = 12;

    private final List<String> texts = new ArrayList<>();
    private final List<String> hints = new ArrayList<>();
    private final List<String> beside = new ArrayList<>();

    int count() {
        return texts.size();
    }

    /** Arguments that somebody beside the record takes. */
    public void besides(Collection<String> names) {
        beside.addAll(names);
    }

    public void takes(String at, String what, @Nullable Object given) {
        texts.add("`" + at + "` takes " + what + ", not " + quoted(given) + ".");
    }

    public void oneOf(String at, Collection<String> words, @Nullable Object given) {
        texts.add("`" + at + "` is one of " + String.join(", ", words) + ", not " + quoted(given) + ".");
        if (given instanceof String text) {
            meant(text, words);
        }
    }

    private void meant(String given, Collection<String> known) {
        var near = Nearest.of(given, known);
        if (near != null) {
            hints.add("`" + near + "` for `" + shortened(given) + "`");
        }
    }

    void outside(String at, String bounds, @Nullable Object given) {
        texts.add("`" + at + "` " + bounds + ", not " + quoted(given) + ".");
    }

    public void required(String at) {
        texts.add("`" + at + "` is required.");
    }

    void unknown(String owner, String name, Collection<String> known) {
        var shown = shortened(name);
        var at = owner.isEmpty() ? shown : owner + "." + shown;
        var taker = owner.isEmpty() ? "it" : "`" + owner + "`";
        List<String> names = new ArrayList<>(known);
        if (owner.isEmpty()) {
            names.addAll(beside);
        }
        var takes = names.isEmpty() ? "no arguments" : String.join(", ", names);
        texts.add("`" + at + "` is not an argument; " + taker + " takes " + takes + ".");
        meant(name, names);
    }

    /** Something about several arguments, as a sentence. */
    public void told(String sentence) {
        texts.add(sentence);
    }

    public void throwIfAny() {
        if (texts.isEmpty()) {
            return;
        }
        var told = texts.size() > MOST_TOLD
                ? String.join(" ", texts.subList(0, MOST_TOLD)) + " And " + (texts.size() - MOST_TOLD) + " more."
                : String.join(" ", texts);
        throw ToolException.invalidInput(
                told, hints.isEmpty() ? null : "Did you mean " + String.join(" and ", hints) + "?");
    }

    static String quoted(@Nullable Object given) {
        if (given instanceof Map<?, ?>) {
            return "an object";
        }
        if (given instanceof List<?>) {
            return "a list";
        }
        return given instanceof String text ? JsonText.write(shortened(text)) : shortened(String.valueOf(given));
    }

    private static String shortened(String text) {
        if (text.codePointCount(0, text.length()) <= LONGEST_VALUE) {
            return text;
        }
        return text.substring(0, text.offsetByCodePoints(0, LONGEST_VALUE)) + "…";
    }
}
