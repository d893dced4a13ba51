package org.pgcluster.offers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ToolException;
import org.pgcluster.mcp.Features.Prompt;
import org.pgcluster.shape.Problems;

/**
 * The prompts: each is a file of its own, and this list names them. Offered is what this configuration has the tools for.
 * Immutable.
 */
final class Prompts {
    static final List<String> NAMES = List.of(
            "citus.health_check",
            "citus.rebalance_workflow",
            "citus.skew_investigation",
            "citus.ops_triage",
            "cluster.triage",
            "patroni.failover_runbook",
            "tables.distribute_table");

    static final String CLUSTER = "cluster";

    private final Settings settings;
    private final Set<String> listed;
    private final List<PromptText> offered;

    Prompts(Settings settings, List<String> listed) {
        this.settings = settings;
        this.listed = Set.copyOf(listed);
        this.offered = NAMES.stream()
                .map(Prompts::named)
                .filter(prompt -> this.listed.containsAll(prompt.needs()))
                .toList();
    }

    static PromptText named(String name) {
        try (InputStream resource = Prompts.class.getResourceAsStream("/prompts/" + name + ".md")) {
            if (resource == null) {
                throw new IllegalStateException("the build packed no prompt " + name);
            }
            return PromptText.parse(name, new String(resource.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<PromptText> offered() {
        return offered;
    }

    List<Prompt> shown() {
        return offered.stream().map(this::shown).toList();
    }

    private Prompt shown(PromptText prompt) {
        List<Prompt.Argument> arguments = new ArrayList<>();
        if (severalClusters()) {
            boolean required = settings.server().defaultCluster().isEmpty();
            arguments.add(new Prompt.Argument(CLUSTER, "Which cluster", required));
        }
        prompt.arguments()
                .forEach(one -> arguments.add(new Prompt.Argument(one.name(), one.description(), one.required())));
        return new Prompt(
                prompt.name(),
                prompt.title(),
                prompt.description(),
                arguments,
                (given, call) -> text(prompt, arguments, given));
    }

    private boolean severalClusters() {
        return settings.clusters().size() > 1;
    }

    private String text(PromptText prompt, List<Prompt.Argument> arguments, Map<String, String> raw) {
        Map<String, String> given = new LinkedHashMap<>(raw);
        given.values().removeIf(String::isBlank); // clients send an argument that a person left empty
        List<String> known = arguments.stream().map(Prompt.Argument::name).toList();
        for (String name : given.keySet()) {
            if (!known.contains(name)) {
                throw ToolException.invalidInput(
                        prompt.name() + " has no argument `" + name + "`.",
                        "It takes: " + String.join(", ", known) + ".");
            }
        }
        arguments.stream()
                .filter(argument -> argument.required() && !given.containsKey(argument.name()))
                .findFirst()
                .ifPresent(argument -> {
                    throw ToolException.invalidInput("`" + argument.name() + "` is required.", argument.description());
                });
        String cluster = given.get(CLUSTER);
        if (cluster != null && !settings.clusters().containsKey(cluster)) {
            Problems problems = new Problems();
            problems.oneOf(CLUSTER, settings.clusters().keySet(), cluster);
            problems.throwIfAny();
        }
        for (PromptText.Argument argument : prompt.arguments()) {
            given.computeIfPresent(argument.name(), (name, value) -> argument.checked(value));
        }
        String text = prompt.text(given, listed);
        return cluster == null
                ? text
                : "All of this is about the cluster " + cluster
                        + ": every tool that takes `cluster` is called with it.\n\n" + text;
    }
}
