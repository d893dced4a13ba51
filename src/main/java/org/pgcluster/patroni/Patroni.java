package org.pgcluster.patroni;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.Silent;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;
import org.pgcluster.http.Http.Question;
import org.pgcluster.http.Reply;
import org.pgcluster.patroni.Observed.Unobserved;

/**
 * Every Patroni group of a cluster, found from one member of each. Members that were found once are asked again when the
 * configured one is silent. Threads share it.
 */
public final class Patroni {
    private final List<String> configured;
    private final Predicate<String> trusted;
    private final Predicate<String> mayTravel;
    private final Http http;
    private final Rest rest;
    private final Map<String, Set<String>> found = new ConcurrentHashMap<>();
    private final Map<String, Integer> groupOf = new ConcurrentHashMap<>();
    private final Map<String, String> names = new ConcurrentHashMap<>();

    public Patroni(ClusterSettings settings, Predicate<String> trusted) {
        this.configured =
                settings.patroniUrls().stream().map(Rest::base).distinct().toList();
        this.trusted = trusted;
        this.http = new Http("patroni", settings.patroniAccess());
        this.mayTravel = settings::passwordMayGoTo;
        this.rest = new Rest(http, url -> isOurs(url) && mayTravel.test(url));
    }

    /** Where Citus' metadata says that a group's primary is. */
    public record Seat(int group, String host, int port) {}

    /** {@code seats} is asked beside the members, and only helps to name the groups: it may fail. */
    public Observed read(Duration each, Call call, Supplier<List<Seat>> seats) {
        if (configured.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "No Patroni is configured.",
                    "Set patroni_urls to the REST interface of one member of each group.");
        }
        var reading = new Reading(rest, trusted, names, each, call);
        List<Seat> known = new ArrayList<>();
        var unnamed = new AtomicReference<@Nullable String>();
        List<Runnable> questions = List.of(() -> everybody(reading), () -> {
            try {
                known.addAll(seats.get());
            } catch (ToolException e) {
                unnamed.set(e.text()); // the groups then keep the names that they had, or go by an address
            }
        });
        Together.run(questions);
        reading.ask(besideUncovered(reading, known));
        configured.forEach(url -> {
            Set<String> members = reading.groupAround(url);
            if (members.size() > 1) {
                found.put(url, members);
            }
        });
        return observed(reading, known, unnamed.get());
    }

    private void everybody(Reading reading) {
        reading.askAround(configured, found);
        reading.ask(reading.discovered());
    }

    /** The same port on the hosts of groups that nobody covers: worth one try. */
    private List<String> besideUncovered(Reading reading, List<Seat> known) {
        Set<String> tries = new LinkedHashSet<>();
        for (Seat seat : known) {
            if (!reading.hasSeat(seat)) {
                URI first = URI.create(configured.get(0));
                String host = seat.host().contains(":") ? "[" + seat.host() + "]" : seat.host();
                tries.add(first.getScheme() + "://" + host + (first.getPort() < 0 ? "" : ":" + first.getPort()));
            }
        }
        return tries.stream()
                .filter(url -> trusted.test(URI.create(url).getHost()))
                .toList();
    }

    private Observed observed(Reading reading, List<Seat> known, @Nullable String unnamed) {
        List<Group> groups = new ArrayList<>();
        Map<Integer, Seat> uncovered = new LinkedHashMap<>();
        known.forEach(seat -> uncovered.put(seat.group(), seat));
        for (Group group : reading.groups()) {
            Integer number = number(group, known);
            groups.add(number == null ? group : group.called(String.valueOf(number)));
            if (number != null) {
                uncovered.remove(number);
            }
        }
        nameTheLast(groups, uncovered);
        nameByScope(groups);
        groups.sort((one, other) -> one.name().compareTo(other.name()));
        List<Unobserved> unobserved = uncovered.values().stream()
                .map(seat -> new Unobserved(seat.group(), seat.host() + ":" + seat.port()))
                .toList();
        List<Silent> silent = reading.silent().stream()
                .filter(one -> configured.contains(one.where()) || isMember(groups, one.where()))
                .map(one -> new Silent(Http.label(one.where()), one.failure()))
                .toList();
        return new Observed(groups, unobserved, silent, unnamed);
    }

    /**
     * Citus' metadata may name an address that no member has any more: where one group is left and one row, they belong
     * together, as long as the group bears the scope of those that are known.
     */
    private void nameTheLast(List<Group> groups, Map<Integer, Seat> uncovered) {
        List<Group> nameless = groups.stream()
                .filter(group -> group.members().stream().noneMatch(member -> groupOf.containsKey(member.name())))
                .toList();
        if (uncovered.size() != 1 || nameless.size() != 1) {
            return;
        }
        Group last = nameless.get(0);
        boolean sameScope = groups.stream().allMatch(group -> java.util.Objects.equals(group.scope(), last.scope()));
        if (sameScope && groups.size() > 1) {
            int number = uncovered.keySet().iterator().next();
            groups.replaceAll(group -> group.equals(last) ? group.called(String.valueOf(number)) : group);
            uncovered.clear();
        }
    }

    /** With Citus all groups share one scope; otherwise it is the name that people and patronictl know a group by. */
    private static void nameByScope(List<Group> groups) {
        List<String> scopes =
                groups.stream().map(group -> String.valueOf(group.scope())).toList();
        groups.replaceAll(group -> {
            String scope = group.scope();
            boolean numbered = group.name().chars().allMatch(Character::isDigit);
            if (scope == null || numbered || scope.chars().allMatch(Character::isDigit)) {
                return group;
            }
            boolean only = scopes.stream().filter(scope::equals).count() == 1;
            return only ? group.called(scope) : group;
        });
    }

    private static boolean isMember(List<Group> groups, String url) {
        return groups.stream().flatMap(group -> group.members().stream()).anyMatch(member -> url.equals(member.api()));
    }

    /** What was once known of a member stays true while the metadata cannot be read. */
    private @Nullable Integer number(Group group, List<Seat> known) {
        Integer number = null;
        for (Member member : group.members()) {
            String address = member.address().orElse("");
            for (Seat seat : known) {
                if (address.equals(seat.host() + ":" + seat.port())) {
                    number = seat.group();
                }
            }
        }
        for (Member member : group.members()) {
            Integer before = groupOf.get(member.name());
            number = number == null ? before : number;
        }
        if (number != null) {
            for (Member member : group.members()) {
                groupOf.put(member.name(), number);
            }
        }
        return number;
    }

    public String version(String url, Duration limit, Call call) {
        return String.valueOf(rest.own(url, limit, call).patroniVersion());
    }

    /** What a member says of itself now. */
    public OwnView own(String url, Duration limit, Call call) {
        return rest.own(url, limit, call);
    }

    private boolean isOurs(String url) {
        return configured.stream().anyMatch(base -> url.equals(base) || url.startsWith(base + "/"))
                || trusted.test(String.valueOf(URI.create(url).getHost()));
    }

    /** Asks a member to change something, with user and password, which only those get that may be asked at all. */
    public Reply change(String method, String url, String path, String body, Duration patience, Call call) {
        if (!isOurs(url)) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    Http.label(url) + " was discovered and is given no credentials: discovery_hosts does not name it.",
                    "Add it to discovery_hosts where it is one of yours.");
        }
        if (http.hasPassword() && !mayTravel.test(url)) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    Http.label(url) + " was discovered with http, and its password would go over the network in clear"
                            + " text.",
                    "Let Patroni's restapi there speak TLS, or set allow_plaintext: true.");
        }
        return http.ask(new Question(method, url + path, body.isEmpty() ? null : body, true), patience, call);
    }

    public List<String> urls() {
        return configured;
    }

    /** The changes of leader that a group remembers. */
    public List<?> history(Group group, Duration each, Call call) {
        return fromAny(group, base -> rest.history(base, each, call));
    }

    private interface Asking<T> {
        T of(String base);
    }

    private static <T> T fromAny(Group group, Asking<T> asking) {
        Optional<ToolException> last = Optional.empty();
        for (Member member : group.members()) {
            String api = member.api();
            if (api == null || member.own().isEmpty()) {
                continue;
            }
            try {
                return asking.of(api);
            } catch (ToolException e) {
                last = Optional.of(e);
            }
        }
        throw last.orElseGet(() -> new ToolException(
                ErrorCode.CONNECTION_FAILED, "No member of group " + group.name() + " answered.", null));
    }
}
