package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.render.Plain;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** A plan as a person reads it and as a program does. Nothing of a statement is ever cut or hidden. */
final class PlanText {
    private PlanText() {}

    static String text(String tool, String cluster, Plan<?> plan) {
        StringBuilder text = new StringBuilder();
        for (Check check : plan.warnings()) {
            line(text, "! ", check.what(), ": ", check.found());
        }
        line(text, tool, " on ", cluster, ": ", plan.summary());
        text.append("Steps:\n");
        int number = 0;
        for (Step step : plan.steps()) {
            text.append(++number).append(". ").append(words(step)).append('\n');
        }
        text.append("Checked:\n");
        for (Check check : plan.checks()) {
            String verdict = check.verdict().name().toLowerCase(Locale.ROOT);
            line(text, "- ", check.what(), ": ", verdict, " (", check.found(), ")");
        }
        consequences(plan.consequences()).forEach((name, value) -> {
            String title = Character.toUpperCase(name.charAt(0)) + name.substring(1);
            line(text, title.replace('_', ' '), ": ", value);
        });
        return text.toString();
    }

    /** One line, whatever stands in what was found: a text from elsewhere must not pass for a line of the plan. */
    private static void line(StringBuilder text, String... parts) {
        text.append(Plain.shown(String.join("", parts))).append('\n');
    }

    /** A statement keeps its lines, indented, so that none passes for a line of the plan. */
    private static String words(Step step) {
        if (step instanceof Step.Statement statement) {
            return "on " + Plain.shown(statement.where()) + ": " + shown(statement.sql(), "\n   | ")
                    + (statement.parameters().isEmpty() ? "" : " with " + Plain.shown(statement.parameters() + ""))
                    + (statement.when() == Step.When.IN_ORDER ? "" : " (only if the step before fails)")
                    + (statement.transaction() == Step.Transaction.CHECKED
                                    || statement.transaction() == Step.Transaction.TOGETHER
                            ? " (in a transaction that is looked at before it commits)"
                            : "");
        }
        Step.Request request = (Step.Request) step;
        return "to " + name(request.to()) + " " + request.where() + ": " + request.inShort()
                + (request.when() == Step.When.IN_ORDER ? "" : " (only if the step before fails)")
                + ", waiting at most " + request.patience().toSeconds() + " s";
    }

    private static String name(Step.Component component) {
        return switch (component) {
            case PATRONI -> "Patroni";
            case HAPROXY -> "HAProxy";
            case PGBOUNCER -> "PgBouncer";
        };
    }

    /** Lines stay lines; what a reader could not see is spelled out. */
    private static String shown(String text, String between) {
        return Arrays.stream(text.split("\\R", -1)).map(Plain::shown).collect(Collectors.joining(between));
    }

    static Map<String, Object> data(Plan<?> plan, String fingerprint) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("summary", Plain.shown(plan.summary()));
        List<Map<String, @Nullable Object>> steps = new ArrayList<>();
        for (Step step : plan.steps()) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            if (step instanceof Step.Statement statement) {
                one.put("where", statement.where());
                one.put("statement", shown(statement.sql(), "\n"));
                one.put("parameters", statement.parameters());
            } else if (step instanceof Step.Request request) {
                one.put("where", name(request.to()) + " " + request.where());
                one.put("request", Plain.shown(request.words()));
                if (!request.body().isEmpty()) {
                    one.put("body", Plain.shown(request.body()));
                }
            }
            one.put("when", step.when().name().toLowerCase(Locale.ROOT));
            steps.add(one);
        }
        data.put("steps", steps);
        List<Map<String, Object>> checks = new ArrayList<>();
        for (Check check : plan.checks()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("what", check.what());
            one.put("verdict", check.verdict().name().toLowerCase(Locale.ROOT));
            one.put("found", Plain.shown(check.found()));
            checks.add(one);
        }
        data.put("checks", checks);
        data.putAll(consequences(plan.consequences()));
        data.put("fingerprint", fingerprint);
        return data;
    }

    private static Map<String, String> consequences(Consequences consequences) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("locks", consequences.locks());
        all.put("data", consequences.data());
        all.put("follow", consequences.follow());
        all.put("stop", consequences.stop());
        all.put("undo", consequences.undo());
        all.put("if_only_some_steps_ran", consequences.partly());
        all.putAll(consequences.more());
        all.values().removeIf(String::isEmpty);
        return all;
    }
}
