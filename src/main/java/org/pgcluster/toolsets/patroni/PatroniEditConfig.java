package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.Canonical;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.patroni.ConfigPatch.Changed;
import org.pgcluster.toolsets.patroni.PatroniConfig.NotInForce;
import org.pgcluster.toolsets.patroni.SettingRules.Known;

/** Changes a group's dynamic configuration and reads back from the servers what came of it. */
public final class PatroniEditConfig
        implements Acts<PatroniEditConfig.Input, PatroniEditConfig.Looked, PatroniEditConfig.Output> {
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

    record Output(
            String group,
            List<Changed> changed,
            List<NotInForce> notInForce,
            List<String> pendingRestart,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            List<String> open =
                    notInForce.stream().map(NotInForce::parameter).distinct().toList();
            return changed.size() + (changed.size() == 1 ? " setting" : " settings") + " of group " + group
                    + " changed."
                    + (open.isEmpty()
                            ? ""
                            : " Not in force" + (open.size() == changed.size() ? "" : " of them") + ": "
                                    + String.join(", ", open) + ".")
                    + (pendingRestart.isEmpty() ? "" : " To restart: " + String.join(", ", pendingRestart) + ".");
        }
    }

    private static final String KNOWN = """
            SELECT wanted.name, setting.context, setting.vartype AS kind, setting.unit, setting.min_val AS least,
                   setting.max_val AS most, array_to_string(setting.enumvals, ',') AS words,
                   coalesce(setting.sourcefile LIKE '%postgresql.auto.conf', false) AS altered
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
                "Changes one group's dynamic configuration. Plans first: the difference, what would be"
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
        Map<String, @Nullable Object> after = ConfigPatch.merged(now, input.patch());
        List<Changed> changes = ConfigPatch.changes(now, after);
        List<Check> checks = new ArrayList<>(Changing.dcs(group));
        checks.add(new Check(
                "it changes something",
                changes.isEmpty() ? Verdict.RISKY : Verdict.HOLDS,
                changes.size() + " settings"));
        changes.forEach(one -> checks.add(new Check(
                one.name(), Verdict.HOLDS, JsonText.write(one.before()) + " becomes " + JsonText.write(one.now()))));
        SettingRules.tooShort(after)
                .ifPresent(why -> checks.add(new Check("the times fit each other", Verdict.RISKY, why)));
        checks.addAll(fates(group, changes, context));
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
                        "patroni_edit_config with group: " + group.name() + ", patch: "
                                + JsonText.write(ConfigPatch.undo(now, input.patch())),
                        "",
                        false,
                        Map.of()));
    }

    /** What comes of each change: by Patroni's rules first, then by what the running leader knows of the parameter. */
    private static List<Check> fates(Group group, List<Changed> changes, Context context) {
        boolean citus = group.name().chars().allMatch(Character::isDigit);
        boolean synchronous =
                !group.settings().map(Settings::synchronous).orElse("off").equals("off");
        List<Check> checks = new ArrayList<>();
        Map<String, @Nullable Object> open = new TreeMap<>();
        for (Changed one : changes) {
            Optional<String> ignored = SettingRules.ignored(one.name(), one.now(), citus, synchronous);
            if (ignored.isPresent()) {
                checks.add(new Check(one.name() + " counts", Verdict.RISKY, ignored.get()));
            } else if (one.name().startsWith(SettingRules.PARAMETERS) && one.now() != null) {
                open.put(one.name().substring(SettingRules.PARAMETERS.length()), one.now());
            }
        }
        if (!open.isEmpty()) {
            checks.addAll(parameters(group, open, context));
        }
        return checks;
    }

    private static List<Check> parameters(Group group, Map<String, @Nullable Object> open, Context context) {
        try {
            List<Check> checks = new ArrayList<>();
            List<Known> known = Leaders.sql(group, context).list(Known.class, KNOWN, List.copyOf(open.keySet()));
            for (Known one : known) {
                SettingRules.Fate fate = SettingRules.fate(one, open.get(one.name()));
                checks.add(
                        new Check(one.name() + " counts", fate.risky() ? Verdict.RISKY : Verdict.HOLDS, fate.words()));
            }
            return checks;
        } catch (ToolException e) {
            return List.of(new Check("the parameters exist", Verdict.UNKNOWN, e.text()));
        }
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Optional<String> name = Optional.of(plan.looked().group());
        Map<String, @Nullable Object> before =
                Changing.group(name, context).settings().map(Settings::all).orElse(Map.of());
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        Group group = Changing.group(name, context);
        List<Changed> changes =
                ConfigPatch.changes(before, group.settings().map(Settings::all).orElse(Map.of()));
        long loops = 2 * group.settings().map(Settings::loopWait).orElse(10L) + 2;
        Changing.await(
                loops,
                hands,
                context,
                "Members take it over",
                () -> notInForce(group, changes, context, one -> {}).isEmpty() ? Optional.of(true) : Optional.empty());
        Group now = Changing.group(name, context);
        List<String> restarts = now.members().stream()
                .filter(member -> member.own().map(own -> own.pendingRestart()).orElse(false))
                .map(member -> member.name())
                .toList();
        List<Unavailable> unavailable = new ArrayList<>();
        List<NotInForce> open = notInForce(now, changes, context, unavailable::add);
        return new Output(group.name(), changes, open, restarts, unavailable);
    }

    /** What Patroni ignores by its own rules, and what the servers themselves do not follow. */
    private static List<NotInForce> notInForce(
            Group group, List<Changed> changes, Context context, Consumer<Unavailable> unavailable) {
        List<NotInForce> found = new ArrayList<>();
        Map<String, @Nullable Object> parameters = new TreeMap<>();
        for (Changed one : changes) {
            boolean parameter = one.name().startsWith(SettingRules.PARAMETERS);
            if (parameter && one.now() != null) {
                parameters.put(one.name().substring(SettingRules.PARAMETERS.length()), one.now());
            } else if (!parameter) {
                SettingRules.ignored(one.name(), one.now(), false, false)
                        .ifPresent(why -> found.add(new NotInForce(
                                group.name(), "all", one.name(), JsonText.write(one.now()), "not read", why)));
            }
        }
        found.addAll(Parameters.onAll(group, parameters, context, unavailable));
        return found;
    }
}
