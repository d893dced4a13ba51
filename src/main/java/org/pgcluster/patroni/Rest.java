package org.pgcluster.patroni;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;
import org.pgcluster.http.Http.Question;
import org.pgcluster.http.Reply;
import org.pgcluster.shape.JsonText;

/** Reads one member's REST interface. Threads share it. */
final class Rest {
    private static final String NO_PATRONI = "patroni_urls takes Patroni's REST interface, by default on port 8008.";

    private final Http http;
    private final Predicate<String> givesPasswordTo;

    Rest(Http http, Predicate<String> givesPasswordTo) {
        this.http = http;
        this.givesPasswordTo = givesPasswordTo;
    }

    private record Read(@Nullable Object json, Optional<Instant> date) {}

    OwnView own(String base, Duration limit, Call call) {
        Read read = read(base + "/patroni", limit, call);
        if (read.json() instanceof Map<?, ?> map && map.get("patroni") instanceof Map<?, ?>) {
            return OwnView.of(new Fields(map), read.date());
        }
        throw stranger(base);
    }

    DcsView dcs(String base, Duration limit, Call call) {
        if (read(base + "/cluster", limit, call).json() instanceof Map<?, ?> map
                && map.get("members") instanceof List<?>) {
            return DcsView.of(new Fields(map));
        }
        throw stranger(base);
    }

    @SuppressWarnings("unchecked") // an object's names are texts
    Map<String, @Nullable Object> config(String base, Duration limit, Call call) {
        if (read(base + "/config", limit, call).json() instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw stranger(base);
    }

    List<?> history(String base, Duration limit, Call call) {
        if (read(base + "/history", limit, call).json() instanceof List<?> list) {
            return list;
        }
        throw stranger(base);
    }

    /** Patroni answers its status with 503 where it is no leader, so that a status alone says nothing. */
    private Read read(String url, Duration limit, Call call) {
        Reply reply = http.ask(Question.get(url), limit, call);
        if (reply.status() == 401 && http.hasPassword() && givesPasswordTo.test(url)) {
            reply = http.ask(new Question("GET", url, null, true), limit, call); // a proxy before Patroni may want it
        }
        if (!reply.ok() && !(reply.status() == 503 && reply.body().startsWith("{"))) {
            throw http.refused(url, reply);
        }
        if (reply.isHtml()) {
            throw stranger(url);
        }
        try {
            return new Read(JsonText.read(reply.body()), reply.date());
        } catch (ToolException e) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    Http.label(url) + " answered what is no JSON: " + reply.inShort() + ".",
                    NO_PATRONI);
        }
    }

    private static ToolException stranger(String url) {
        return new ToolException(
                ErrorCode.UPSTREAM_ERROR, Http.label(url) + " answers, yet not as Patroni does.", NO_PATRONI);
    }

    /** The address below which a member's paths lie, however it was written. */
    static String base(String url) {
        String base = url;
        for (String end : List.of("/", "/patroni", "/cluster", "/")) {
            base = base.endsWith(end) ? base.substring(0, base.length() - end.length()) : base;
        }
        return base;
    }
}
