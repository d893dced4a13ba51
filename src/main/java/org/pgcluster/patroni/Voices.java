package org.pgcluster.patroni;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** What every address said, in the order in which they were asked. Filled and read by one thread. */
final class Voices {
    private final Map<String, Said> said = new LinkedHashMap<>();

    /** What one address said of itself, of the DCS and of its configuration; a reason where it did not. */
    record Said(Answer<OwnView> own, Answer<DcsView> dcs, Answer<Map<String, @Nullable Object>> config) {
        boolean answered() {
            return own.value().isPresent() || dcs.value().isPresent();
        }
    }

    record Answer<T>(Optional<T> value, Optional<ToolException> refusal, boolean asked) {
        @Nullable
        String why() {
            return refusal.map(ToolException::text).orElse(null);
        }
    }

    void add(String url, Said one) {
        said.put(url, one);
    }

    void forget(String url) {
        said.remove(url);
    }

    @Nullable
    Said of(@Nullable String url) {
        return url == null ? null : said.get(url);
    }

    @Nullable
    OwnView own(String url) {
        Said one = said.get(url);
        return one == null ? null : one.own().value().orElse(null);
    }

    /** What those that show the DCS see of it. */
    List<DcsView> views() {
        return said.values().stream().flatMap(one -> one.dcs().value().stream()).toList();
    }

    boolean showsDcs(String url) {
        Said one = said.get(url);
        return one != null && one.dcs().value().isPresent();
    }

    /** The addresses of members that the DCS names, as this one shows it. */
    Set<String> namedBy(String url) {
        Said one = said.get(url);
        return one == null ? Set.of() : apis(one.dcs().value().stream().toList());
    }

    static Set<String> apis(Collection<DcsView> views) {
        Set<String> apis = new LinkedHashSet<>();
        for (DcsView view : views) {
            for (DcsView.Row row : view.members()) {
                String api = row.api();
                if (api != null) {
                    apis.add(api);
                }
            }
        }
        return apis;
    }

    /** This address and the members that it names. */
    Set<String> groupAround(String url) {
        Set<String> members = new LinkedHashSet<>(Set.of(url));
        members.addAll(namedBy(url));
        return members;
    }

    Map<String, Said> all() {
        return Collections.unmodifiableMap(said);
    }
}
