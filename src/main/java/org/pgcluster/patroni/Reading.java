package org.pgcluster.patroni;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;
import org.pgcluster.patroni.Voices.Answer;
import org.pgcluster.patroni.Voices.Said;

/** One look at all members: asks them, and whom they name besides. Used once. */
final class Reading {
    private final Rest rest;
    private final Predicate<String> trusted;
    private final Map<String, String> names;
    private final Duration each;
    private final Call call;
    private final Set<String> asked = new LinkedHashSet<>();
    private final Voices voices = new Voices();

    /** {@code names} of members by address outlive this: up to 3.x only the DCS tells them, and it may be gone next time. */
    Reading(Rest rest, Predicate<String> trusted, Map<String, String> names, Duration each, Call call) {
        this.rest = rest;
        this.trusted = trusted;
        this.names = names;
        this.each = each;
        this.call = call;
    }

    /** All at once, and of each all that it can tell at once. */
    void ask(List<String> urls) {
        asked.addAll(urls);
        List<String> open = urls.stream().filter(url -> voices.of(url) == null).toList();
        List<Runnable> questions = new ArrayList<>();
        Map<String, Object> answers = new ConcurrentHashMap<>();
        for (String url : open) { // these first: they are answered without the DCS, and the others hang with it
            questions.add(() -> answers.put(url + " own", answer(url, () -> rest.own(url, each, call))));
        }
        for (String url : open) {
            questions.add(() -> answers.put(url + " dcs", answer(url, () -> rest.dcs(url, each, call))));
            questions.add(() -> answers.put(url + " config", answer(url, () -> rest.config(url, each, call))));
        }
        Together.run(questions);
        for (String url : open) {
            voices.add(
                    url,
                    new Said(got(answers, url + " own"), got(answers, url + " dcs"), got(answers, url + " config")));
        }
    }

    private <T> Answer<T> answer(String url, Supplier<T> question) {
        if (call.timeLeft().toMillis() < 100) {
            var late = new ToolException(
                    ErrorCode.TIMEOUT, Http.label(url) + " was not asked: the time for this call was over.", null);
            return new Answer<>(Optional.empty(), Optional.of(late), false);
        }
        try {
            return new Answer<>(Optional.of(question.get()), Optional.empty(), true);
        } catch (ToolException e) {
            return new Answer<>(Optional.empty(), Optional.of(e), true);
        }
    }

    @SuppressWarnings("unchecked") // put there under the same key by its question
    private static <T> Answer<T> got(Map<String, Object> answers, String key) {
        return (Answer<T>) Objects.requireNonNull(answers.get(key));
    }

    /** Who was a member a moment ago is asked in the same breath: a silent DCS or member then costs its wait once. */
    void askAround(List<String> configured, Map<String, Set<String>> found) {
        Set<String> all = new LinkedHashSet<>(configured);
        for (String url : configured) {
            found.getOrDefault(url, Set.of()).stream().filter(this::mayBeAsked).forEach(all::add);
        }
        ask(List.copyOf(all));
        for (String url : configured) {
            forgetThoseGone(found.getOrDefault(url, Set.of()), Set.copyOf(configured));
        }
    }

    /** Whom the DCS no longer names where anybody shows it. */
    private void forgetThoseGone(Set<String> remembered, Set<String> configured) {
        if (remembered.stream().anyMatch(voices::showsDcs)) {
            Set<String> named = new LinkedHashSet<>();
            remembered.forEach(url -> named.addAll(voices.namedBy(url)));
            remembered.stream()
                    .filter(url -> !configured.contains(url) && !named.contains(url))
                    .forEach(voices::forget);
        }
    }

    /** Members that the DCS names and nobody asked yet, where they may be asked. */
    List<String> discovered() {
        return Voices.apis(voices.views()).stream()
                .filter(url -> voices.of(url) == null && mayBeAsked(url))
                .toList();
    }

    private boolean mayBeAsked(String api) {
        try {
            String host = URI.create(api).getHost();
            return host != null && trusted.test(host);
        } catch (IllegalArgumentException e) {
            return false; // no address at all
        }
    }

    boolean hasSeat(Patroni.Seat seat) {
        return voices.views().stream()
                .flatMap(view -> view.members().stream())
                .anyMatch(row -> seat.host().equals(row.host())
                        && Integer.valueOf(seat.port()).equals(row.port()));
    }

    List<Silent> silent() {
        List<Silent> silent = new ArrayList<>();
        voices.all().forEach((url, one) -> {
            // that it cannot show the DCS is told of its group
            one.own().refusal().ifPresent(e -> silent.add(new Silent(url, e)));
        });
        return silent;
    }

    Set<String> groupAround(String url) {
        return voices.groupAround(url);
    }

    List<Group> groups() {
        return new Grouping(voices, asked, names).groups();
    }
}
