package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Together;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** The dynamic configuration of each group, and what of it the leader does not follow. */
public final class PatroniConfig implements Reads<PatroniConfig.Input, PatroniConfig.Output> {
    private static final String PARAMETERS = "postgresql.parameters.";

    record Input(@Says("Citus group or a member of it") Optional<String> group) {}

    /** {@code parameters} are PostgreSQL's, which Patroni keeps under postgresql.parameters. */
    record Output(
            List<NotInForce> notInForce,
            List<Setting> settings,
            List<Setting> parameters,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return settings.size() + " settings of Patroni, " + parameters.size() + " parameters of PostgreSQL"
                    + (notInForce.isEmpty()
                            ? allCompared()
                                    ? "; no difference from the running leaders was found."
                                    : "; not compared with the leaders that could not be asked, no difference elsewhere."
                            : "; configured and not in force: "
                                    + String.join(
                                            ", ",
                                            notInForce.stream()
                                                    .map(NotInForce::parameter)
                                                    .distinct()
                                                    .toList())
                                    + ".");
        }

        private boolean allCompared() {
            return unavailable.stream().noneMatch(one -> one.component().equals("postgres"));
        }
    }

    record Setting(String group, String name, @Nullable Object value) {
        Setting parameter() {
            return new Setting(group, name.substring(PARAMETERS.length()), value);
        }
    }

    record NotInForce(String group, String member, String parameter, String configured, String inForce, String why) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "patroni_config",
                "Patroni configuration",
                Input.class,
                Output.class,
                "Each group's dynamic configuration, and which PostgreSQL parameters of it the leader does not follow and"
                        + " why.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.group(), context);
        List<Unavailable> unavailable = new ArrayList<>(asked.unavailable());
        asked.unobserved().forEach(words -> unavailable.add(new Unavailable("patroni", "a group", words)));
        List<Setting> settings = new ArrayList<>();
        List<NotInForce> differing = new ArrayList<>();
        for (Group group : asked.groups()) {
            if (group.settings().isEmpty()) {
                unavailable.add(
                        new Unavailable("patroni", "group " + group.name(), "no member told its configuration"));
                continue;
            }
            Map<String, @Nullable Object> flat = new TreeMap<>();
            flatten("", group.settings().get().all(), flat);
            flat.forEach((name, value) -> settings.add(new Setting(group.name(), name, value)));
        }
        for (Compared one : Together.all(asked.groups(), group -> compared(group, context))) {
            differing.addAll(one.differing());
            one.unavailable().ifPresent(unavailable::add);
        }
        List<Setting> once = once(settings, asked.groups().size());
        return new Output(
                differing,
                once.stream().filter(one -> !one.name().startsWith(PARAMETERS)).toList(),
                once.stream()
                        .filter(one -> one.name().startsWith(PARAMETERS))
                        .map(Setting::parameter)
                        .toList(),
                unavailable);
    }

    private record Compared(List<NotInForce> differing, Optional<Unavailable> unavailable) {}

    private static Compared compared(Group group, Context context) {
        try {
            Map<?, ?> parameters =
                    group.settings().<Map<?, ?>>map(PatroniConfig::parameters).orElse(Map.of());
            return new Compared(Parameters.notInForce(group, parameters, context), Optional.empty());
        } catch (ToolException e) {
            return new Compared(
                    List.of(), Optional.of(new Unavailable("postgres", "leader of group " + group.name(), e.text())));
        }
    }

    /** What all groups have alike is told once. */
    private static List<Setting> once(List<Setting> settings, int groups) {
        List<Setting> told = new ArrayList<>();
        for (Setting one : settings) {
            boolean everywhere = groups > 1
                    && settings.stream()
                                    .filter(other -> other.name().equals(one.name())
                                            && Objects.equals(other.value(), one.value()))
                                    .count()
                            == groups;
            Setting shown = everywhere ? new Setting("all", one.name(), one.value()) : one;
            if (!told.contains(shown)) {
                told.add(shown);
            }
        }
        return told;
    }

    private static Map<?, ?> parameters(Settings settings) {
        return settings.all().get("postgresql") instanceof Map<?, ?> postgres
                        && postgres.get("parameters") instanceof Map<?, ?> parameters
                ? parameters
                : Map.of();
    }

    static void flatten(String path, Map<?, ?> json, Map<String, @Nullable Object> into) {
        json.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
                flatten(path + name + ".", inner, into);
            } else {
                into.put(path + name, value instanceof List<?> ? JsonText.write(value) : value);
            }
        });
    }
}
