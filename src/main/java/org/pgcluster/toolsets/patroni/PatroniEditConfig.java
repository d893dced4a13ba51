package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.Canonical;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.patroni.PatroniConfig.NotInForce;

/** Changes a group's dynamic configuration and reads back from the leader what came of it. */
public final class PatroniEditConfig
        implements Acts<PatroniEditConfig.Input, PatroniEditConfig.Looked, PatroniEditConfig.Output> {
    private static final String PARAMETERS = "postgresql.parameters.";

    record Input(
            @Says("What to change; null removes a key") Map<String, @Nullable Object> patch,
            @Says("Citus group or a member of it") Optional<String> group) {
        Input {
            if (patch.isEmpty()) {
                throw ToolException.invalidInput("`patch` is empty.", "{\"ttl\": 30} changes one key.");
            }
        }
    }

    record Looked(String group, String configuration) {}

    record Output(String group, List<Changed> changed, List<NotInForce> notInForce, List<String> pendingRestart)
            implements InWords {
        @Override
        public String inWords() {
            return changed.size() + " settings of group " + group + " changed."
                    + (notInForce.isEmpty() ? "" : " " + notInForce.size() + " of them are not in force.")
                    + (pendingRestart.isEmpty() ? "" : " To restart: " + String.join(", ", pendingRestart) + ".");
        }
    }

    record Changed(
            String name, @Nullable Object before, @Nullable Object now) {}

    record Known(String name, String context) {}

    private static final String KNOWN = """
            SELECT wanted.name, coalesce(setting.context, 'unknown') AS context
              FROM unnest(?::text[]) AS wanted(name)
              LEFT JOIN pg_catalog.pg_settings AS setting ON lower(setting.name) = lower(wanted.name)
             ORDER BY wanted.name
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "patroni_edit_config",
                "Edit Patroni's configuration",
                Input.class,
                Output.class,
                "Changes one group's dynamic configuration. Plans first: the difference, what needs a restart, what would be"
                        + " ignored. A person approves.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.group(input.group(), context);
        Map<String, @Nullable Object> now = group.settings()
                .map(Settings::all)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.CONNECTION_FAILED,
                        "No member of group " + group.name() + " tells its configuration.",
                        null));
        List<Changed> changes = changes(now, merged(now, input.patch()));
        List<Check> checks = new ArrayList<>();
        checks.add(new Check(
                "it changes something",
                changes.isEmpty() ? Verdict.RISKY : Verdict.HOLDS,
                changes.size() + " settings"));
        changes.forEach(one -> checks.add(new Check(
                one.name(), Verdict.HOLDS, JsonText.write(one.before()) + " becomes " + JsonText.write(one.now()))));
        parameters(group, changes, context, checks);
        checks.add(Changing.alone(context));
        return new Plan<>(
                "Changes " + changes.size() + " settings of group " + group.name(),
                new Looked(group.name(), Canonical.json(now)),
                checks,
                List.of(Step.request(
                        Step.Component.PATRONI,
                        Changing.api(group),
                        "PATCH /config",
                        JsonText.write(input.patch()),
                        context.cluster().settings().httpTimeout())),
                new Consequences(
                        "",
                        "",
                        "patroni_config, patroni_member_list",
                        "",
                        "patroni_edit_config with the values of before: " + JsonText.write(undo(changes)) + ".",
                        "",
                        false,
                        Map.of()));
    }

    /** Patroni stores what it does not know and answers 200: only the server knows whether a parameter exists. */
    private static void parameters(Group group, List<Changed> changes, Context context, List<Check> checks) {
        List<String> names = changes.stream()
                .filter(one -> one.name().startsWith(PARAMETERS) && one.now() != null)
                .map(one -> one.name().substring(PARAMETERS.length()))
                .toList();
        if (names.isEmpty()) {
            return;
        }
        try {
            for (Known one : Leaders.sql(group, context).list(Known.class, KNOWN, names)) {
                switch (one.context()) {
                    case "unknown" ->
                        checks.add(new Check(
                                one.name(),
                                Verdict.RISKY,
                                "PostgreSQL knows no such parameter: it is stored and ignored"));
                    case "postmaster" ->
                        checks.add(new Check(
                                one.name(), Verdict.RISKY, "takes effect with a restart of each member only"));
                    case "internal" ->
                        checks.add(new Check(one.name(), Verdict.RISKY, "cannot be set: it is stored and ignored"));
                    default -> checks.add(new Check(one.name(), Verdict.HOLDS, "takes effect without a restart"));
                }
            }
        } catch (ToolException e) {
            checks.add(new Check("the parameters exist", Verdict.UNKNOWN, e.text()));
        }
    }

    /** As Patroni merges: null removes, objects go into each other, everything else replaces. */
    private static Map<String, @Nullable Object> merged(Map<?, ?> now, Map<?, ?> patch) {
        Map<String, @Nullable Object> merged = new LinkedHashMap<>();
        now.forEach((name, value) -> merged.put(String.valueOf(name), value));
        patch.forEach((name, value) -> {
            String key = String.valueOf(name);
            if (value == null) {
                merged.remove(key);
            } else if (value instanceof Map<?, ?> inner) {
                merged.put(key, merged(merged.get(key) instanceof Map<?, ?> old ? old : Map.of(), inner));
            } else {
                merged.put(key, value);
            }
        });
        return merged;
    }

    private static List<Changed> changes(Map<?, ?> before, Map<?, ?> after) {
        Map<String, @Nullable Object> old = new TreeMap<>();
        Map<String, @Nullable Object> now = new TreeMap<>();
        PatroniConfig.flatten("", before, old);
        PatroniConfig.flatten("", after, now);
        Map<String, Changed> changes = new TreeMap<>();
        old.forEach((name, value) -> {
            if (!Objects.equals(value, now.get(name))) {
                changes.put(name, new Changed(name, value, now.get(name)));
            }
        });
        now.forEach((name, value) -> {
            if (!old.containsKey(name)) {
                changes.put(name, new Changed(name, null, value));
            }
        });
        return List.copyOf(changes.values());
    }

    private static Map<String, @Nullable Object> undo(List<Changed> changes) {
        Map<String, @Nullable Object> undo = new LinkedHashMap<>();
        changes.forEach(one -> undo.put(one.name(), one.before()));
        return undo;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Optional<String> name = Optional.of(plan.looked().group());
        Map<String, @Nullable Object> before =
                Changing.group(name, context).settings().map(Settings::all).orElse(Map.of());
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        Group group = Changing.group(name, context);
        List<Changed> changes =
                changes(before, group.settings().map(Settings::all).orElse(Map.of()));
        long loops = 2 * group.settings().map(Settings::loopWait).orElse(10L) + 2;
        Changing.await(
                loops,
                hands,
                context,
                "Members take it over",
                () -> notInForce(group, changes, context).isEmpty() ? Optional.of(true) : Optional.empty());
        Group now = Changing.group(name, context);
        List<String> restarts = now.members().stream()
                .filter(member -> member.own().map(own -> own.pendingRestart()).orElse(false))
                .map(member -> member.name())
                .toList();
        return new Output(group.name(), changes, notInForce(now, changes, context), restarts);
    }

    private static List<NotInForce> notInForce(Group group, List<Changed> changes, Context context) {
        Map<String, @Nullable Object> parameters = new TreeMap<>();
        for (Changed one : changes) {
            if (one.name().startsWith(PARAMETERS) && one.now() != null) {
                parameters.put(one.name().substring(PARAMETERS.length()), one.now());
            }
        }
        return Parameters.notInForce(group, parameters, context);
    }
}
