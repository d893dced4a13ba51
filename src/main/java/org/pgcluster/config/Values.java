package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the values of one cluster, or of the server, key by key, and notes what each is and where it came from. */
final class Values {
    private final String prefix;
    private final Map<Key<?>, Given> given;
    private final Secrets secrets;
    private final Problems problems;
    private final List<Resolved> resolved;

    Values(String prefix, Map<Key<?>, Given> given, Secrets secrets, Problems problems, List<Resolved> resolved) {
        this.prefix = prefix;
        this.given = given;
        this.secrets = secrets;
        this.problems = problems;
        this.resolved = resolved;
    }

    @Nullable
    Given given(Key<?> key) {
        return given.get(key);
    }

    String source(Key<?> key) {
        var found = given.get(key);
        return found == null ? "default" : found.source();
    }

    void problem(Key<?> key, String text) {
        problems.add(prefix.concat(key.name()), source(key), text);
    }

    void warn(Key<?> key, String text) {
        problems.warn(prefix.concat(key.name()), source(key), text);
    }

    void note(String key, String shown, String source) {
        resolved.add(new Resolved(prefix.concat(key), shown, source));
    }

    /** The text with {@code ${VAR}} replaced, or null where nothing was given and there is no default. */
    @Nullable
    String text(Key<?> key) {
        var found = given.get(key);
        if (found == null) {
            note(key.name(), key.fallback(), "default");
            return key.fallback().isEmpty() ? null : key.fallback();
        }
        var text = secrets.expanded(key, found, found.text());
        note(key.name(), key.secret() ? Shown.shown(key, text) : text, found.source());
        return text;
    }

    String word(Key<String> key) {
        var text = text(key);
        var word = text == null ? key.fallback() : text.strip().toLowerCase(Locale.ROOT);
        if (!key.words().contains(word)) {
            problem(key, key.name() + " " + key.takes() + ", not `" + Shown.cut(word) + "`.");
            return key.fallback();
        }
        return word;
    }

    boolean truth(Key<Boolean> key) {
        var truth = truthIfAny(key);
        return truth != null && truth;
    }

    @Nullable
    Boolean truthIfAny(Key<Boolean> key) {
        var text = text(key);
        if (text == null) {
            return null;
        }
        var truth = truth(text);
        if (truth == null) {
            problem(key, key.name() + " " + key.takes() + ", not `" + Shown.cut(text) + "`.");
            return truth(key.fallback());
        }
        return truth;
    }

    static @Nullable Boolean truth(String text) {
        var word = text.strip().toLowerCase(Locale.ROOT);
        if (word.equals("true") || word.equals("yes") || word.equals("on") || word.equals("1")) {
            return Boolean.TRUE;
        }
        if (word.equals("false") || word.equals("no") || word.equals("off") || word.equals("0")) {
            return Boolean.FALSE;
        }
        return null;
    }

    int whole(Key<Integer> key) {
        var number = wholeIfAny(key);
        return number == null ? Numbers.whole(key.fallback()) : number;
    }

    @Nullable
    Integer wholeIfAny(Key<Integer> key) {
        var text = text(key);
        if (text == null) {
            return null;
        }
        int number = Numbers.whole(text.strip().replace("_", ""));
        if (number < key.least() || number > key.most()) {
            problem(key, key.name() + " " + key.takes() + ", not `" + Shown.cut(text) + "`.");
            return null;
        }
        return number;
    }

    /** Items of a list, or parts between commas or spaces. */
    List<String> list(Key<?> key, String separators) {
        var found = given.get(key);
        var text = text(key);
        var items = new ArrayList<String>();
        if (found != null && found.items() != null) {
            for (var item : found.items()) {
                items.add(secrets.expanded(key, found, item));
            }
        } else if (text != null) {
            int from = 0;
            for (int i = 0; i <= text.length(); i++) {
                if (i == text.length() || separators.indexOf(text.charAt(i)) >= 0) {
                    if (!text.substring(from, i).isBlank()) {
                        items.add(text.substring(from, i).strip());
                    }
                    from = i + 1;
                }
            }
        }
        return items;
    }

    /** As {@link #list}, but a comma also stands between the hosts of one connection. */
    List<String> connections(Key<?> key) {
        var found = given.get(key);
        if (found == null || found.items() != null) {
            return list(key, ",");
        }
        var text = text(key);
        var items = new ArrayList<String>();
        if (text == null) {
            return items;
        }
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || (text.charAt(i) == ',' && startsConnection(text, i + 1))) {
                if (!text.substring(from, i).isBlank()) {
                    items.add(text.substring(from, i).strip());
                }
                from = i + 1;
            }
        }
        return items;
    }

    private static boolean startsConnection(String text, int at) {
        int i = at;
        while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
            i++;
        }
        return i == text.length()
                || text.startsWith("postgres://", i)
                || text.startsWith("postgresql://", i)
                || text.startsWith("jdbc:postgresql:", i)
                || text.startsWith("host=", i);
    }
}
