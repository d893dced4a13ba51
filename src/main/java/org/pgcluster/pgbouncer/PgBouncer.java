package org.pgcluster.pgbouncer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;

/** Every configured PgBouncer. Threads share it; it keeps no connection. */
public final class PgBouncer {
    private final List<Dsn> consoles;
    private final boolean allowPlaintext;

    public PgBouncer(ClusterSettings settings) {
        this.consoles = settings.pgbouncers();
        this.allowPlaintext = settings.allowPlaintext();
    }

    /** One that answered, or why it did not. */
    public record Observed(List<Bouncer> bouncers, List<Silent> silent) {
        public Observed {
            bouncers = List.copyOf(bouncers);
            silent = List.copyOf(silent);
        }
    }

    public List<String> instances() {
        return consoles.stream().map(PgBouncer::name).toList();
    }

    private static String name(Dsn dsn) {
        return dsn.hosts().get(0).toString();
    }

    /** {@code between} is the time from the first sample of the counters to the second; none where it is zero. */
    public Observed read(List<String> instances, Duration limit, Duration between, Call call) {
        List<Bouncer> bouncers = new ArrayList<>();
        List<Silent> silent = new ArrayList<>();
        for (Object one : Together.all(instances, name -> asked(name, limit, between, call))) {
            if (one instanceof Bouncer bouncer) {
                bouncers.add(bouncer);
            } else {
                silent.add((Silent) one);
            }
        }
        return new Observed(bouncers, silent);
    }

    private Object asked(String name, Duration limit, Duration between, Call call) {
        try (Console console = open(name, limit.plus(between), call)) {
            return Bouncer.read(name, user(name), console, between);
        } catch (ToolException e) {
            return new Silent(name, e);
        }
    }

    public String version(String name, Duration limit, Call call) {
        try (Console console = open(name, limit, call)) {
            return Bouncer.version(console);
        }
    }

    private String user(String name) {
        return consoles.stream()
                .filter(dsn -> name(dsn).equals(name))
                .flatMap(dsn -> dsn.user().stream())
                .findFirst()
                .orElse("");
    }

    /** Sends a command that changes something, and waits for its end. */
    public void change(String name, String command, Duration limit, Call call) {
        try (Console console = open(name, limit, call)) {
            console.ask(command);
        }
    }

    private Console open(String name, Duration limit, Call call) {
        for (Dsn dsn : consoles) {
            if (name(dsn).equals(name)) {
                Duration left = limit.compareTo(call.timeLeft()) < 0 ? limit : call.timeLeft();
                return Console.open(dsn, allowPlaintext, left, call);
            }
        }
        throw new ToolException(
                ErrorCode.NOT_FOUND,
                "There is no PgBouncer " + name + ".",
                "`instance` is one of " + String.join(", ", instances()) + ".");
    }
}
