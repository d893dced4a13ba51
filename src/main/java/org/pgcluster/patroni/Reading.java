package org.pgcluster.patroni;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;

/** One look at all members: who was asked, what each said, which of them belong together. Used once. */
final class Reading {
    private static final String NO_TIME = " was not asked: the time for this call was over.";

    private final Rest rest;
    private final Predicate<String> trusted;
    private final Map<String, String> names;
    private final Duration each;
    private final Call call;
    private final Set<String> asked = new LinkedHashSet<>();
    private final Map<String, Said> said = new LinkedHashMap<>();

    /** What one address said of itself, of the DCS and of its configuration; a reason where it did not. */
    private record Said(Answer<OwnView> own, Answer<DcsView> dcs, Answer<Map<String, @Nullable Object>> config) {}

    private record Answer<T>(Optional<T> value, Optional<ToolException> refusal) {
        boolean asked() {
            return refusal.isEmpty() || !refusal.get().text().endsWith(NO_TIME);
        }

        @Nullable
        String why() {
            return refusal.map(ToolException::text).orElse(null);
        }
    }

    private interface Question<T> {
        T ask();
    }

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
        List<String> open = urls.stream().filter(url -> !said.containsKey(url)).toList();
        List<Runnable> questions = new ArrayList<>();
        Map<String, Object> answers = new ConcurrentHashMap<>();
        for (String url : open) { // these first: they are answered without the DCS, and the others hang with it
            questions.add(() -> answers.put(url + " own", answer(url, () -> rest.own(url, each, call))));
        }
        for (String url : open) {
            questions.add(() -> answers.put(url + " dcs", answer(url, () -> rest.dcs(url, each, call))));
            questions.add(() -> answers.put(url + " config", answer(url, () -> rest.config(url, each, call))));
        }
        Together.all(questions, question -> {
            question.run();
            return true;
        });
        for (String url : open) {
            said.put(
                    url,
                    new Said(got(answers, url + " own"), got(answers, url + " dcs"), got(answers, url + " config")));
        }
    }

    private <T> Answer<T> answer(String url, Question<T> question) {
        try {
            if (call.timeLeft().toMillis() < 100) {
                throw new ToolException(ErrorCode.TIMEOUT, Http.label(url) + NO_TIME, null);
            }
            return new Answer<>(Optional.of(question.ask()), Optional.empty());
        } catch (ToolException e) {
            return new Answer<>(Optional.empty(), Optional.of(e));
        }
    }

    @SuppressWarnings("unchecked") // put there under the same key by its question
    private static <T> Answer<T> got(Map<String, Object> answers, String key) {
        return (Answer<T>) java.util.Objects.requireNonNull(answers.get(key));
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
        if (remembered.stream().anyMatch(this::showsDcs)) {
            Set<String> named = new LinkedHashSet<>();
            remembered.stream().filter(this::showsDcs).forEach(url -> named.addAll(namedBy(url)));
            remembered.stream()
                    .filter(url -> !configured.contains(url) && !named.contains(url))
                    .forEach(said::remove);
        }
    }

    private boolean showsDcs(String url) {
        Said one = said.get(url);
        return one != null && one.dcs().value().isPresent();
    }

    /** Members that the DCS names and nobody asked yet, where they may be asked. */
    List<String> discovered() {
        Set<String> urls = new LinkedHashSet<>();
        for (Said one : said.values()) {
            one.dcs()
                    .value()
                    .ifPresent(view -> view.members().forEach(row -> {
                        String api = row.api();
                        if (api != null && mayBeAsked(api)) {
                            urls.add(api);
                        }
                    }));
        }
        urls.removeAll(said.keySet());
        return List.copyOf(urls);
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
        return said.values().stream()
                .flatMap(one -> one.dcs().value().stream())
                .flatMap(view -> view.members().stream())
                .anyMatch(row -> seat.host().equals(row.host())
                        && Integer.valueOf(seat.port()).equals(row.port()));
    }

    Set<String> groupAround(String url) {
        Set<String> members = new LinkedHashSet<>(Set.of(url));
        members.addAll(namedBy(url));
        return members;
    }

    private Set<String> namedBy(String url) {
        Set<String> members = new LinkedHashSet<>();
        Said one = said.get(url);
        if (one != null) {
            one.dcs()
                    .value()
                    .ifPresent(view -> view.members().forEach(row -> {
                        String api = row.api();
                        if (api != null) {
                            members.add(api);
                        }
                    }));
        }
        return members;
    }

    List<Silent> silent() {
        List<Silent> silent = new ArrayList<>();
        said.forEach((url, one) -> {
            // that it cannot show the DCS is told of its group
            one.own().refusal().ifPresent(e -> silent.add(new Silent(url, e)));
        });
        return silent;
    }

    /** Addresses that name a common member are one group. */
    List<Group> groups() {
        List<Set<String>> sets = new ArrayList<>();
        for (String url : said.keySet()) {
            Set<String> around = groupAround(url);
            around.addAll(copiesOfTheSame(url));
            List<Set<String>> touching = sets.stream()
                    .filter(set -> set.stream().anyMatch(around::contains))
                    .toList();
            Set<String> all = new LinkedHashSet<>(around);
            touching.forEach(all::addAll);
            sets.removeAll(touching);
            sets.add(all);
        }
        return sets.stream()
                .filter(set -> set.stream().anyMatch(this::answered))
                .map(this::group)
                .toList();
    }

    /** Where nobody can show the DCS, who belongs together is told by the database that they are copies of. */
    private Set<String> copiesOfTheSame(String url) {
        String own = identity(url);
        Set<String> same = new LinkedHashSet<>();
        if (own != null && !showsDcs(url)) {
            said.keySet().stream()
                    .filter(other -> own.equals(identity(other)) && !showsDcs(other))
                    .forEach(same::add);
        }
        return same;
    }

    private @Nullable String identity(String url) {
        Said one = said.get(url);
        OwnView own = one == null ? null : one.own().value().orElse(null);
        String identifier = own == null ? null : own.systemIdentifier();
        return own == null || identifier == null || identifier.isEmpty() ? null : own.scope() + " " + identifier;
    }

    private boolean answered(String url) {
        Said one = said.get(url);
        return one != null
                && (one.own().value().isPresent() || one.dcs().value().isPresent());
    }

    private Group group(Set<String> urls) {
        List<Said> voices = urls.stream()
                .filter(said::containsKey)
                .map(url -> java.util.Objects.requireNonNull(said.get(url)))
                .toList();
        Optional<DcsView> view = newestView(voices);
        List<Member> members = view.isPresent() ? fromDcs(view.get(), urls) : fromOwn(urls);
        Optional<Settings> settings = voices.stream()
                .flatMap(one -> one.config().value().stream())
                .findFirst()
                .map(Settings::new);
        String scope = voices.stream()
                .flatMap(one -> one.own().value().stream())
                .map(own -> String.valueOf(own.scope()))
                .findFirst()
                .orElse(null);
        String silence = view.isPresent()
                ? null
                : voices.stream()
                        .map(one -> String.valueOf(one.dcs().why()))
                        .findFirst()
                        .orElse("nobody was asked");
        String name = asked.stream()
                .filter(urls::contains)
                .findFirst()
                .map(Http::label)
                .orElse("?");
        long ttl = settings.map(Settings::ttl).orElse(30L);
        return new Group(name, scope, members, settings, Comparing.of(members, ttl), silence);
    }

    /** While a group is upgraded the older members show the same DCS without what is new: a quorum, reasons. */
    private static Optional<DcsView> newestView(List<Said> voices) {
        return voices.stream()
                .filter(one -> one.dcs().value().isPresent())
                .sorted(Comparator.comparing(Reading::version).reversed())
                .findFirst()
                .flatMap(one -> one.dcs().value());
    }

    private static int version(Said one) {
        return one.own().value().map(OwnView::patroniNumber).orElse(0);
    }

    private List<Member> fromDcs(DcsView view, Set<String> urls) {
        List<Member> members = new ArrayList<>();
        Set<String> nameless = new LinkedHashSet<>(urls);
        view.members().forEach(row -> nameless.remove(String.valueOf(row.api())));
        for (DcsView.Row row : view.members()) {
            String api = row.api();
            Said one = api == null ? null : said.get(api);
            if (one == null || one.own().value().isEmpty()) {
                String other = underAnotherName(row, nameless);
                one = other == null ? one : said.get(other);
                api = other == null ? api : other;
            }
            String silence = one == null ? unasked(api) : one.own().why();
            if (api != null) {
                names.put(api, row.name());
            }
            members.add(new Member(
                    row.name(),
                    api,
                    Optional.of(row),
                    one == null ? Optional.empty() : one.own().value(),
                    one == null ? Optional.empty() : one.dcs().value(),
                    silence,
                    one != null && one.own().asked()));
        }
        return members;
    }

    private static String unasked(@Nullable String api) {
        return api == null
                ? "the DCS has no address of its REST interface."
                : Http.label(api)
                        + " was discovered and is not among the hosts that may be asked; add it to discovery_hosts.";
    }

    /** A member may be configured by another address than the one it gives the DCS. */
    private @Nullable String underAnotherName(DcsView.Row row, Set<String> nameless) {
        for (String url : nameless) {
            Said one = said.get(url);
            OwnView own = one == null ? null : one.own().value().orElse(null);
            if (own != null && (row.name().equals(own.name()) || (own.name() == null && own.leads() == row.leads()))) {
                nameless.remove(url);
                return url;
            }
        }
        return null;
    }

    private List<Member> fromOwn(Set<String> urls) {
        List<Member> members = new ArrayList<>();
        for (String url : urls) {
            Said one = said.get(url);
            if (one != null) {
                String known = names.getOrDefault(url, Http.label(url));
                String name = one.own().value().map(OwnView::name).orElse(null);
                members.add(new Member(
                        name == null ? known : name,
                        url,
                        Optional.empty(),
                        one.own().value(),
                        Optional.empty(),
                        one.own().why()));
            }
        }
        return members;
    }
}
