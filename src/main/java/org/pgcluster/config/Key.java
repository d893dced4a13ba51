package org.pgcluster.config;

import java.util.List;
import java.util.Locale;

/**
 * One key of the configuration. Its flag, its variables, its place in the file, the example and the documentation all
 * come from here.
 *
 * @param name as it stands in a file; a dot stands for a nested map
 * @param fallback the default as one would write it, empty for none
 * @param secret never shown, and readable from a file named by {@code NAME_file}
 * @param words what it takes, where that is a choice
 * @param variables names in the environment besides PGCLUSTER_MCP_* and CITUS_MCP_*, the first one first
 * @param otherName a second name in files, dotted
 */
public record Key<T>(
        String name,
        Form form,
        String fallback,
        boolean perCluster,
        boolean secret,
        List<String> words,
        int least,
        int most,
        List<String> variables,
        String otherName,
        String help) {
    /** How the text of a value is understood. */
    public enum Form {
        TEXT,
        WORD,
        WHOLE,
        SWITCH,
        LIST,
        PATH,
        DSN,
        DSNS,
        URLS
    }

    static <T> Key<T> ofCluster(String name, Form form, String fallback, String help) {
        return new Key<>(name, form, fallback, true, false, List.of(), 0, Integer.MAX_VALUE, List.of(), "", help);
    }

    static <T> Key<T> ofServer(String name, Form form, String fallback, String help) {
        return new Key<>(name, form, fallback, false, false, List.of(), 0, Integer.MAX_VALUE, List.of(), "", help);
    }

    Key<T> asSecret() {
        return new Key<>(name, form, fallback, perCluster, true, words, least, most, variables, otherName, help);
    }

    Key<T> taking(String... choice) {
        return new Key<>(
                name, form, fallback, perCluster, secret, List.of(choice), least, most, variables, otherName, help);
    }

    Key<T> from(int lowest, int highest) {
        return new Key<>(name, form, fallback, perCluster, secret, words, lowest, highest, variables, otherName, help);
    }

    Key<T> alsoIn(String... others) {
        return new Key<>(
                name, form, fallback, perCluster, secret, words, least, most, List.of(others), otherName, help);
    }

    Key<T> alsoAs(String other) {
        return new Key<>(name, form, fallback, perCluster, secret, words, least, most, variables, other, help);
    }

    /** The flag, with its dashes. */
    public String flag() {
        return "--".concat(name.replace('_', '-').replace('.', '-'));
    }

    /** The variable in the environment. */
    public String variable() {
        return "PGCLUSTER_MCP_".concat(upperName());
    }

    String upperName() {
        return name.replace('.', '_').toUpperCase(Locale.ROOT);
    }

    /** What a value must look like, as the end of a sentence that begins with the key. */
    String takes() {
        if (!words.isEmpty()) {
            return "takes ".concat(String.join(", ", words));
        }
        if (form == Form.WHOLE) {
            return most == Integer.MAX_VALUE
                    ? "takes a whole number from " + least
                    : "takes a whole number from " + least + " to " + most;
        }
        if (form == Form.SWITCH) {
            return "takes true or false";
        }
        if (form == Form.DSN) {
            return "takes a postgres:// URL, a libpq keyword string or a jdbc:postgresql: URL";
        }
        if (form == Form.DSNS) {
            return "takes a list of postgres:// URLs or libpq keyword strings";
        }
        if (form == Form.URLS) {
            return "takes a list of URLs";
        }
        return form == Form.LIST ? "takes a list" : form == Form.PATH ? "takes a path" : "takes a text";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key<?> key && key.name.equals(name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
