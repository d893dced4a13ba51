package org.pgcluster.patroni;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.http.Http;
import org.pgcluster.patroni.Voices.Said;

/** Which addresses belong together, and what each group looks like from all of its voices. Used once. */
final class Grouping {
    private final Voices voices;
    private final Set<String> asked;
    private final Map<String, String> names;

    /** {@code names} of members by address, kept from one look to the next. */
    Grouping(Voices voices, Set<String> asked, Map<String, String> names) {
        this.voices = voices;
        this.asked = asked;
        this.names = names;
    }

    /** Addresses that name a common member are one group. */
    List<Group> groups() {
        List<Set<String>> sets = new ArrayList<>();
        for (String url : voices.all().keySet()) {
            Set<String> around = voices.groupAround(url);
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
        if (own != null && !voices.showsDcs(url)) {
            voices.all().keySet().stream()
                    .filter(other -> own.equals(identity(other)) && !voices.showsDcs(other))
                    .forEach(same::add);
        }
        return same;
    }

    private @Nullable String identity(String url) {
        OwnView own = voices.own(url);
        String identifier = own == null ? null : own.systemIdentifier();
        return own == null || identifier == null || identifier.isEmpty() ? null : own.scope() + " " + identifier;
    }

    private boolean answered(String url) {
        Said one = voices.of(url);
        return one != null && one.answered();
    }

    private Group group(Set<String> urls) {
        List<Said> said = urls.stream()
                .flatMap(url -> Optional.ofNullable(voices.of(url)).stream())
                .toList();
        Optional<DcsView> view = newestView(said);
        List<Member> members = view.isPresent() ? fromDcs(view.get(), urls) : fromOwn(urls);
        Optional<Settings> settings = said.stream()
                .flatMap(one -> one.config().value().stream())
                .findFirst()
                .map(Settings::new);
        String scope = said.stream()
                .flatMap(one -> one.own().value().stream())
                .map(own -> String.valueOf(own.scope()))
                .findFirst()
                .orElse(null);
        String silence = view.isPresent()
                ? null
                : said.stream()
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
    private static Optional<DcsView> newestView(List<Said> said) {
        return said.stream()
                .filter(one -> one.dcs().value().isPresent())
                .sorted(Comparator.comparing(Grouping::version).reversed())
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
            Said one = voices.of(api);
            if (one == null || one.own().value().isEmpty()) {
                String other = underAnotherName(row, nameless);
                one = other == null ? one : voices.of(other);
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
            OwnView own = voices.own(url);
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
            Said one = voices.of(url);
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
