package org.pgcluster.offers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Catalogue;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.mcp.Features;

/**
 * The one register of what is offered besides tools. Nothing of it is read before a client asks for it, since clients
 * wait for the greeting. Threads share it.
 */
public final class Offering implements Features {
    private final Settings settings;
    private final String packed;
    private final Supplier<Desk> desk;
    private @Nullable Loaded loaded;

    private record Loaded(Prompts prompts, Proposals proposals, Resources resources) {}

    /** {@code packed} is the catalogue as the build packed it; {@code desk} is asked where a proposal needs a tool. */
    public Offering(Settings settings, String packed, Supplier<Desk> desk) {
        this.settings = settings;
        this.packed = packed;
        this.desk = desk;
    }

    @Override
    public Offers offers() {
        return new Offers(true, true, true);
    }

    private synchronized Loaded loaded() {
        if (loaded == null) {
            List<String> listed = Catalogue.of(settings, packed).visible();
            loaded = new Loaded(
                    new Prompts(settings, listed),
                    new Proposals(settings, listed, desk),
                    new Resources(settings, listed, desk));
        }
        return loaded;
    }

    @Override
    public List<Prompt> prompts() {
        return loaded().prompts().shown();
    }

    @Override
    public List<Resource> resources() {
        return loaded().resources().fixed();
    }

    @Override
    public List<Resource> resourceTemplates() {
        return loaded().resources().templates();
    }

    @Override
    public List<Completion> completions() {
        List<Completion> all = new ArrayList<>();
        for (PromptText prompt : loaded().prompts().offered()) {
            all.add(new Completion(
                    prompt.name(), (argument, begun, known, call) -> proposed(prompt, argument, begun, known, call)));
        }
        for (Resource template : resourceTemplates()) {
            all.add(new Completion(template.uri(), loaded().resources()::values));
        }
        return all;
    }

    private List<String> proposed(
            PromptText prompt, String argument, String begun, Map<String, String> known, Call call) {
        String takes = argument.equals(Prompts.CLUSTER)
                ? argument
                : prompt.arguments().stream()
                        .filter(one -> one.name().equals(argument))
                        .map(PromptText.Argument::takes)
                        .findFirst()
                        .orElse("");
        return loaded().proposals().values(takes, begun, known, call);
    }
}
