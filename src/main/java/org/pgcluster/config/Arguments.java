package org.pgcluster.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Nearest;

/** Reads flags: {@code --key value}, {@code --key=value}, {@code -c file}, and a lone argument that is the DSN. */
final class Arguments {
    private final Layers layers;
    private final Secrets secrets;
    private final Problems problems;
    private final Map<Key<?>, String> seen = new HashMap<>();
    private @Nullable String configFile;
    private @Nullable String flagOfHttp;

    Arguments(Layers layers, Secrets secrets, Problems problems) {
        this.layers = layers;
        this.secrets = secrets;
        this.problems = problems;
    }

    @Nullable
    String configFile() {
        return configFile;
    }

    void read(List<String> arguments) {
        boolean positionalSeen = false;
        for (int i = 0; i < arguments.size(); i++) {
            var argument = arguments.get(i);
            if (!argument.startsWith("-")) {
                if (positionalSeen) {
                    problems.add(
                            "coordinator_dsn", "argument", "There is one argument without a flag, the DSN, not two.");
                }
                positionalSeen = true;
                give(Keys.COORDINATOR_DSN, argument, "argument");
                continue;
            }
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            var flag = equals < 0 ? argument : argument.substring(0, equals);
            var next = i + 1 < arguments.size() ? arguments.get(i + 1) : null;
            var value = equals >= 0 ? argument.substring(equals + 1) : next;
            if (takeFlag(flag, value, equals >= 0)) {
                i++;
            }
        }
        var transport = seen.getOrDefault(Keys.TRANSPORT, "stdio");
        if (flagOfHttp != null && transport.equals("stdio")) {
            problems.add(
                    "transport",
                    "flag ".concat(flagOfHttp),
                    flagOfHttp + " is for a transport over the network; this server speaks to clients that start it.");
        }
    }

    /** Tells whether the next argument was used up as the value. */
    private boolean takeFlag(String flag, @Nullable String value, boolean attached) {
        if (flag.equals("--config") || flag.equals("-c")) {
            if (value == null || value.isEmpty()) {
                problems.add("config", "flag ".concat(flag), flag + " takes the path of a file.");
                return false;
            }
            configFile = value;
            return !attached;
        }
        if (flag.equals("--host") || flag.equals("--port")) {
            flagOfHttp = flag;
            return !attached && value != null && !value.startsWith("-");
        }
        var key = Keys.byFlag(flag);
        if (key == null) {
            return takeFileFlag(flag, value, attached);
        }
        if (key.form() == Key.Form.SWITCH && !attached && (value == null || Values.truth(value) == null)) {
            give(key, "true", "flag ".concat(flag));
            return false;
        }
        if (value == null || (!attached && value.startsWith("--"))) {
            problems.add(key.name(), "flag ".concat(flag), flag + " " + key.takes() + ".");
            return false;
        }
        give(key, value, "flag ".concat(flag));
        return !attached;
    }

    private boolean takeFileFlag(String flag, @Nullable String value, boolean attached) {
        var key = flag.endsWith("-file") || flag.endsWith("_file")
                ? Keys.byFlag(flag.substring(0, flag.length() - 5))
                : null;
        if (key == null || !key.secret()) {
            var flags = new ArrayList<String>();
            flags.add("--config");
            for (var known : Keys.ALL) {
                flags.add(known.flag());
            }
            var nearest = Nearest.of(flag, flags);
            problems.add(
                    flag,
                    "flag ".concat(flag),
                    "There is no flag " + flag + (nearest == null ? "." : ". Did you mean " + nearest + "?"));
            return !attached && value != null && !value.startsWith("-");
        }
        if (value == null) {
            problems.add(key.name(), "flag ".concat(flag), flag + " takes the path of a file.");
            return false;
        }
        var given = secrets.fromFile(key, value, "flag ".concat(flag), false);
        if (given != null) {
            layers.offer(key, given);
        }
        return !attached;
    }

    private void give(Key<?> key, String value, String source) {
        var before = seen.putIfAbsent(key, value);
        if (before != null && !before.equals(value)) {
            problems.add(key.name(), source, key.name() + " is given twice on the command line, with two values.");
        }
        layers.offer(key, Given.of(value, source));
    }
}
