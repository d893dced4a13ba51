package org.pgcluster.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/** Where secrets come from besides being written down: a file of their own, or {@code ${VAR}}. */
final class Secrets {
    private final Inputs inputs;
    private final Problems problems;

    Secrets(Inputs inputs, Problems problems) {
        this.inputs = inputs;
        this.problems = problems;
    }

    /** The content of the file without the line break at its end. Null, and a problem, where it cannot be read. */
    @Nullable
    Given fromFile(Key<?> key, String path, String source, boolean planted) {
        var file = inputs.resolve(path);
        try {
            var text = Files.readString(file, StandardCharsets.UTF_8);
            int end = text.length();
            while (end > 0 && (text.charAt(end - 1) == '\n' || text.charAt(end - 1) == '\r')) {
                end--;
            }
            if (end == 0) {
                problems.add(key.name(), source, "The file " + file + " for " + key.name() + " is empty.");
                return null;
            }
            // What a file of its own holds is taken literally.
            var literal = text.substring(0, end).replace("${", "$${");
            return new Given(literal, null, "file " + file + " (" + source + ")", planted);
        } catch (IOException | SecurityException unreadable) {
            problems.add(key.name(), source, "The file " + file + " for " + key.name() + " cannot be read.");
            return null;
        }
    }

    /** Replaces each {@code ${VAR}}; a doubled dollar sign before the brace leaves it as it is. */
    String expanded(Key<?> key, Given given, String text) {
        if (text.indexOf("${") < 0) {
            return text;
        }
        var whole = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            if (text.startsWith("$${", i)) {
                whole.append("${");
                i += 3;
                continue;
            }
            int end = text.startsWith("${", i) ? text.indexOf('}', i) : -1;
            if (end < 0) {
                whole.append(text.charAt(i));
                i++;
                continue;
            }
            boolean alone = i == 0 && end == text.length() - 1;
            var value = variable(key, given, text.substring(i + 2, end));
            whole.append(alone ? value : fitted(key, text, i, value));
            i = end + 1;
        }
        return whole.toString();
    }

    private String variable(Key<?> key, Given given, String name) {
        var value = inputs.variable(name);
        if (value == null) {
            problems.add(
                    key.name(), given.source(), key.name() + " uses ${" + name + "}, and that variable is not set.");
            return "";
        }
        return value;
    }

    /** A password with a slash or a space must not change what the rest of a connection means. */
    private static String fitted(Key<?> key, String text, int at, String value) {
        boolean connection = key.form() == Key.Form.DSN || key.form() == Key.Form.DSNS;
        if (!connection && key.form() != Key.Form.URLS) {
            return value;
        }
        if (text.indexOf("://") < 0 && !text.startsWith("jdbc:")) {
            return connection ? value.replace("\\", "\\\\").replace("'", "\\'").replace(" ", "\\ ") : value;
        }
        boolean inCredentials = text.indexOf('@', at) > 0;
        boolean inQuery = text.lastIndexOf('?', at) >= 0;
        return inCredentials || inQuery ? percentEncoded(value) : value;
    }

    private static String percentEncoded(String value) {
        var encoded = new StringBuilder();
        for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = (b >= '0' && b <= '9')
                    || (b >= 'a' && b <= 'z')
                    || (b >= 'A' && b <= 'Z')
                    || b == '-'
                    || b == '_'
                    || b == '.'
                    || b == '~';
            if (plain) {
                encoded.append((char) b);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit((b >> 4) & 15, 16)))
                        .append(Character.toUpperCase(Character.forDigit(b & 15, 16)));
            }
        }
        return encoded.toString();
    }
}
