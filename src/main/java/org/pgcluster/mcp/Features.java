package org.pgcluster.mcp;

import java.util.List;
import java.util.Map;
import org.pgcluster.call.Call;

/**
 * What the server offers besides tools. {@link #offers()} is asked before the first reply and must load nothing; the
 * lists are asked when a client first uses one of them. A handler that throws a {@link
 * org.pgcluster.error.ToolException} is answered with its text.
 */
public interface Features {
    Features NONE = new Features() {
        @Override
        public Offers offers() {
            return new Offers(false, false, false);
        }
    };

    record Offers(boolean prompts, boolean resources, boolean completions) {}

    /** {@code handler} is given the arguments that the client sent; the required ones are there. */
    record Prompt(String name, String title, String description, List<Argument> arguments, Prompt.Handler handler) {
        public record Argument(String name, String description, boolean required) {}

        public interface Handler {
            String text(Map<String, String> arguments, Call call);
        }
    }

    /** Text at an address, or at every address of a template such as {@code cluster://{cluster}/health}. */
    record Resource(
            String uri, String name, String title, String description, String mimeType, Resource.Handler handler) {
        public interface Handler {
            String text(String uri, Call call);
        }
    }

    /** Proposals for one argument of the prompt, or variable of the template, that {@code of} names. */
    record Completion(String of, Completion.Handler handler) {
        public interface Handler {
            /** {@code known} holds the other arguments that the client has already. */
            List<String> values(String argument, String begun, Map<String, String> known, Call call);
        }
    }

    Offers offers();

    default List<Prompt> prompts() {
        return List.of();
    }

    default List<Resource> resources() {
        return List.of();
    }

    default List<Resource> resourceTemplates() {
        return List.of();
    }

    default List<Completion> completions() {
        return List.of();
    }

    /** Whether a tool of that name can be called; one that cannot is an error of the protocol. */
    default boolean hasTool(String name) {
        return true;
    }

    /** Called once, before the first line is read. */
    default void connected(ClientLog log) {}
}
