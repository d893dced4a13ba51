package org.pgcluster.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.pgcluster.config.Secret;

/**
 * Replaces every configured secret wherever its exact value occurs, as it is or encoded for a URL, JSON or SQL, and the
 * credentials that texts of servers carry in shapes known to hold one. Immutable; a text without secrets comes back as
 * the same object.
 */
public final class Masks {
    public static final String DOTS = "••••";
    /** What is shorter occurs by chance everywhere, and masking it would spoil every answer. */
    public static final int SHORTEST = 4;

    private static final Pattern HEX_OF_URL = Pattern.compile("%[0-9A-F]{2}");

    private final List<String> values;
    private final int ignored;

    public Masks(Collection<Secret> secrets) {
        var shown = new LinkedHashSet<String>();
        int tooShort = 0;
        for (var secret : secrets) {
            var value = secret.reveal();
            if (value.length() < SHORTEST) {
                tooShort += value.isEmpty() ? 0 : 1;
            } else {
                shown.addAll(formsOf(value));
            }
        }
        var longestFirst = new ArrayList<>(shown);
        longestFirst.sort(Comparator.comparingInt(String::length).reversed());
        this.values = List.copyOf(longestFirst);
        this.ignored = tooShort;
    }

    /** How many secrets are too short to be masked by value; {@code check} reports them. */
    public int ignored() {
        return ignored;
    }

    public String in(String text) {
        var masked = text;
        for (var value : values) {
            if (masked.contains(value)) {
                masked = masked.replace(value, DOTS);
            }
        }
        return Credentials.masked(masked);
    }

    /** The same for JSON: only inside its texts, so that it stays JSON. */
    public String inJson(String json) {
        return Json.rewritten(json, this::in);
    }

    private static List<String> formsOf(String value) {
        var plus = URLEncoder.encode(value, UTF_8);
        var percent = plus.replace("+", "%20");
        return List.of(
                value,
                plus,
                percent,
                lowerHex(plus),
                lowerHex(percent),
                Json.escaped(value),
                value.replace("'", "''"),
                value.replace("\\", "\\\\").replace("'", "\\'"));
    }

    private static String lowerHex(String encoded) {
        return HEX_OF_URL.matcher(encoded).replaceAll(hex -> hex.group().toLowerCase(Locale.ROOT));
    }
}
