package org.pgcluster.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.http.Http;
import org.pgcluster.patroni.Patroni;
import org.pgcluster.pgbouncer.PgBouncer;

/** What stands around the databases. Threads share it; nothing of it is loaded before somebody asks. */
public final class Components {
    private final ClusterSettings settings;
    private final Predicate<String> trusted;
    private final Late<Patroni> patroni = new Late<>();
    private final Late<HaProxy> haproxy = new Late<>();
    private final Late<PgBouncer> pgbouncer = new Late<>();

    Components(ClusterSettings settings, Predicate<String> trusted) {
        this.settings = settings;
        this.trusted = trusted;
    }

    public boolean hasAny() {
        return hasPatroni() || hasHaproxy() || hasPgbouncer();
    }

    public boolean hasPatroni() {
        return !settings.patroniUrls().isEmpty();
    }

    public Patroni patroni() {
        return patroni.get(() -> new Patroni(settings, trusted));
    }

    public boolean hasHaproxy() {
        return !settings.haproxyUrls().isEmpty();
    }

    public HaProxy haproxy() {
        return haproxy.get(() -> new HaProxy(settings));
    }

    public boolean hasPgbouncer() {
        return !settings.pgbouncers().isEmpty();
    }

    public PgBouncer pgbouncer() {
        return pgbouncer.get(() -> new PgBouncer(settings));
    }

    /** One that was asked for its version: how long that took, or why it did not answer. */
    public record Sighting(
            String component,
            String where,
            @Nullable String version,
            double milliseconds,
            @Nullable String why,
            @Nullable String hint) {}

    private interface Asking {
        String version();
    }

    private record Question(String component, String where, Asking asking) {}

    /** All configured addresses at once, each within {@code each}. */
    public List<Sighting> sightings(Call call, Duration each) {
        List<Question> questions = new ArrayList<>();
        if (hasPatroni()) {
            for (String url : patroni().urls()) {
                questions.add(
                        new Question("patroni", Http.label(url), () -> patroni().version(url, each, call)));
            }
        }
        if (hasHaproxy()) {
            for (String name : haproxy().instances()) {
                questions.add(new Question("haproxy", name, () -> {
                    Proxy.Running process = haproxy().one(name, each, call).process();
                    return process == null ? "" : process.version(); // the page does not tell it
                }));
            }
        }
        if (hasPgbouncer()) {
            for (String name : pgbouncer().instances()) {
                questions.add(new Question("pgbouncer", name, () -> pgbouncer().version(name, each, call)));
            }
        }
        return Together.all(questions, Components::seen);
    }

    private static Sighting seen(Question question) {
        try {
            question.asking().version(); // connects and logs in, or loads what it needs
            long started = System.nanoTime();
            String version = question.asking().version();
            double milliseconds = Math.round((System.nanoTime() - started) / 10_000.0) / 100.0;
            return new Sighting(
                    question.component(),
                    question.where(),
                    version.isEmpty() ? null : version,
                    milliseconds,
                    null,
                    null);
        } catch (ToolException e) {
            return new Sighting(question.component(), question.where(), null, 0, e.text(), e.hint());
        }
    }
}
