package org.pgcluster.mcp;

import io.modelcontextprotocol.server.McpServerFeatures.SyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CompleteRequest;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult.CompleteCompletion;
import io.modelcontextprotocol.spec.McpSchema.GetPromptRequest;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.PromptArgument;
import io.modelcontextprotocol.spec.McpSchema.PromptMessage;
import io.modelcontextprotocol.spec.McpSchema.PromptReference;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceRequest;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.spec.McpSchema.ResourceReference;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** The features in the SDK's words, each handler behind a guard: never null, never an exception's own text. */
final class SdkFeatures {
    private static final int MOST_VALUES = 100;

    private final Features features;

    SdkFeatures(Features features) {
        this.features = features;
    }

    List<SyncPromptSpecification> prompts() {
        return features.prompts().stream().map(SdkFeatures::prompt).toList();
    }

    private static SyncPromptSpecification prompt(Features.Prompt prompt) {
        var arguments = prompt.arguments().stream()
                .map(argument -> PromptArgument.builder(argument.name())
                        .description(argument.description())
                        .required(argument.required())
                        .build())
                .toList();
        var shown = McpSchema.Prompt.builder(prompt.name())
                .title(prompt.title())
                .description(prompt.description())
                .arguments(arguments)
                .build();
        return new SyncPromptSpecification(
                shown, (exchange, request) -> guarded(Replies.INVALID_PARAMS, () -> get(prompt, exchange, request)));
    }

    private static GetPromptResult get(
            Features.Prompt prompt, McpSyncServerExchange exchange, GetPromptRequest request) {
        Map<String, String> given = texts(request.arguments());
        for (var argument : prompt.arguments()) {
            if (argument.required() && !given.containsKey(argument.name())) {
                throw ToolException.invalidInput("`" + argument.name() + "` is required.", null);
            }
        }
        String text = prompt.handler().text(given, call(exchange));
        var message = PromptMessage.builder(Role.USER, TextContent.builder(text).build())
                .build();
        return GetPromptResult.builder(List.of(message))
                .description(prompt.description())
                .build();
    }

    List<SyncResourceSpecification> resources() {
        return features.resources().stream().map(SdkFeatures::resource).toList();
    }

    private static SyncResourceSpecification resource(Features.Resource resource) {
        var shown = McpSchema.Resource.builder(resource.uri(), resource.name())
                .title(resource.title())
                .description(resource.description())
                .mimeType(resource.mimeType())
                .build();
        return new SyncResourceSpecification(
                shown, (exchange, request) -> guarded(Replies.NO_RESOURCE, () -> read(resource, exchange, request)));
    }

    List<SyncResourceTemplateSpecification> resourceTemplates() {
        return features.resourceTemplates().stream().map(SdkFeatures::template).toList();
    }

    private static SyncResourceTemplateSpecification template(Features.Resource resource) {
        var shown = McpSchema.ResourceTemplate.builder(resource.uri(), resource.name())
                .title(resource.title())
                .description(resource.description())
                .mimeType(resource.mimeType())
                .build();
        return new SyncResourceTemplateSpecification(
                shown, (exchange, request) -> guarded(Replies.NO_RESOURCE, () -> read(resource, exchange, request)));
    }

    private static ReadResourceResult read(
            Features.Resource resource, McpSyncServerExchange exchange, ReadResourceRequest request) {
        String text = resource.handler().text(request.uri(), call(exchange));
        return ReadResourceResult.builder(List.of(TextResourceContents.builder(request.uri(), text)
                        .mimeType(resource.mimeType())
                        .build()))
                .build();
    }

    List<SyncCompletionSpecification> completions() {
        return features.completions().stream().map(this::completion).toList();
    }

    private SyncCompletionSpecification completion(Features.Completion completion) {
        boolean ofPrompt =
                features.prompts().stream().anyMatch(prompt -> prompt.name().equals(completion.of()));
        var of = ofPrompt ? new PromptReference(completion.of()) : new ResourceReference(completion.of());
        return new SyncCompletionSpecification(
                of,
                (exchange, request) -> guarded(Replies.INVALID_PARAMS, () -> complete(completion, exchange, request)));
    }

    private static CompleteResult complete(
            Features.Completion completion, McpSyncServerExchange exchange, CompleteRequest request) {
        Map<String, String> known =
                request.context() == null ? Map.of() : texts(request.context().arguments());
        List<String> all = completion
                .handler()
                .values(request.argument().name(), request.argument().value(), known, call(exchange));
        List<String> shown = all.subList(0, Math.min(MOST_VALUES, all.size()));
        return new CompleteResult(new CompleteCompletion(shown, all.size(), shown.size() < all.size()));
    }

    private static Map<String, String> texts(@Nullable Map<String, ?> given) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (given != null) {
            given.forEach((name, value) -> texts.put(name, String.valueOf(value)));
        }
        return texts;
    }

    private static Call call(McpSyncServerExchange exchange) {
        return (Call) exchange.transportContext().get(SdkSession.CALL);
    }

    private static <T> T guarded(int notFound, Supplier<T> handler) {
        try {
            return handler.get();
        } catch (ToolException e) {
            int code = e.code() == ErrorCode.NOT_FOUND
                    ? notFound
                    : e.code() == ErrorCode.INVALID_INPUT ? Replies.INVALID_PARAMS : Replies.BUSY;
            throw McpError.builder(code)
                    .message(e.hint() == null ? e.text() : e.text() + " " + e.hint())
                    .build();
        } catch (Throwable e) {
            Complaints.about("a prompt, resource or completion", e);
            throw McpError.builder(Replies.INTERNAL)
                    .message("The server failed in a way it should not.")
                    .build();
        }
    }
}
