package org.pgcluster.mcp;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpServerSession;
import io.modelcontextprotocol.spec.McpServerTransport;
import io.modelcontextprotocol.spec.McpServerTransportProvider;
import io.modelcontextprotocol.spec.ProtocolVersions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Front;
import reactor.core.publisher.Mono;

/**
 * The SDK's server behind a transport that hands it one request at a time from each worker and takes its replies.
 * Threads share it.
 */
final class SdkSession implements McpServerTransportProvider, McpServerTransport {
    static final String CALL = "call";
    private static final String REPLAY = "replay";

    private final McpJsonMapper json =
            new JacksonMcpJsonMapper(JsonMapper.builder().build());
    private final Map<Object, Pending> waiting = new ConcurrentHashMap<>();
    private @Nullable McpServerSession session;

    static SdkSession open(Front front, Features features) {
        var made = new SdkSession();
        made.server(front, features).build();
        made.replay();
        return made;
    }

    /** All but {@code build}, which needs the tools only where the SDK is asked for them. */
    McpServer.SyncSpecification<?> server(Front front, Features features) {
        var wired = new SdkFeatures(features);
        return McpServer.sync(this)
                .jsonMapper(json)
                .jsonSchemaValidator(new NoValidator())
                .validateToolInputs(false)
                .immediateExecution(true)
                .serverInfo(Implementation.builder(front.name(), front.version())
                        .title(front.title())
                        .build())
                .instructions(front.instructions())
                .capabilities(capabilities(features.offers()))
                .prompts(wired.prompts())
                .resources(wired.resources())
                .resourceTemplates(wired.resourceTemplates())
                .completions(wired.completions());
    }

    private static ServerCapabilities capabilities(Features.Offers offers) {
        var capabilities = ServerCapabilities.builder().logging().tools(false);
        if (offers.prompts()) {
            capabilities.prompts(false);
        }
        if (offers.resources()) {
            capabilities.resources(false, false);
        }
        if (offers.completions()) {
            capabilities.completions();
        }
        return capabilities.build();
    }

    /** The client was greeted long ago; the SDK's session takes nothing before it has been. */
    void replay() {
        Map<String, Object> hello = Map.of(
                "protocolVersion",
                Replies.NEWEST,
                "capabilities",
                Map.of(),
                "clientInfo",
                Map.of("name", REPLAY, "version", "1"));
        session()
                .handle(new JSONRPCRequest(McpSchema.METHOD_INITIALIZE, REPLAY, hello))
                .block();
        session()
                .handle(new JSONRPCNotification(McpSchema.METHOD_NOTIFICATION_INITIALIZED))
                .block();
    }

    private McpServerSession session() {
        return Objects.requireNonNull(session);
    }

    void handle(Pending pending, String method, Map<String, @Nullable Object> params) {
        waiting.put(pending.id(), pending);
        try {
            var context = McpTransportContext.create(Map.of(CALL, pending.call()));
            session()
                    .handle(new JSONRPCRequest(method, pending.id(), params))
                    .contextWrite(all -> all.put(McpTransportContext.KEY, context))
                    .block();
            pending.fail(Replies.INTERNAL, "The request has no answer.");
        } finally {
            waiting.remove(pending.id(), pending);
        }
    }

    boolean wants(ClientLog.Level level) {
        return session().isNotificationForLevelAllowed(LoggingLevel.valueOf(level.name()));
    }

    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message) {
        return Mono.fromRunnable(() -> deliver(message));
    }

    private void deliver(JSONRPCMessage message) {
        if (message instanceof JSONRPCResponse response) {
            Pending pending = waiting.get(response.id());
            if (pending != null) {
                deliver(pending, response);
            }
        }
    }

    private void deliver(Pending pending, JSONRPCResponse response) {
        if (response.error() != null && response.error().code() == Replies.INTERNAL) {
            // The SDK puts the message of whatever exception it met here.
            pending.fail(Replies.INTERNAL, "The request could not be answered. Look at its params.");
            return;
        }
        try {
            pending.reply(json.writeValueAsBytes(response));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void setSessionFactory(McpServerSession.Factory factory) {
        session = factory.create(this);
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
        return json.convertValue(data, type);
    }

    @Override
    public List<String> protocolVersions() {
        return List.of(
                ProtocolVersions.MCP_2024_11_05,
                ProtocolVersions.MCP_2025_03_26,
                ProtocolVersions.MCP_2025_06_18,
                ProtocolVersions.MCP_2025_11_25);
    }

    @Override
    public Mono<Void> notifyClients(String method, Object params) {
        return session().sendNotification(method, params);
    }

    @Override
    public Mono<Void> closeGracefully() {
        return Mono.empty();
    }

    @Override
    public void close() {}
}
