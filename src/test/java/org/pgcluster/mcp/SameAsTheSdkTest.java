package org.pgcluster.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Catalogue;
import org.pgcluster.dispatch.Dispatcher;

/** What is answered without the SDK is what the SDK answers. */
class SameAsTheSdkTest {
    @ParameterizedTest
    @ValueSource(strings = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "1999-01-01"})
    void the_greeting_is_the_same(String version) throws Exception {
        var features = new Trial.Examples();
        var written = new ByteArrayOutputStream();
        var outlet = new Outlet(written, new CountDownLatch(1));
        var session = SdkSession.open(Trial.FRONT, features);
        var pending = new Pending(1, null, Duration.ofSeconds(9), new InFlight(), outlet, null);
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("protocolVersion", version);
        params.put("capabilities", Map.of());
        params.put("clientInfo", Map.of("name", "a", "version", "1"));
        session.handle(pending, "initialize", new LinkedHashMap<>(params));
        byte[] early = Replies.initialize(1, Replies.version(version), Trial.FRONT, features.offers());
        assertEquals(
                Client.json(written.toString(StandardCharsets.UTF_8)),
                Client.json(new String(early, StandardCharsets.UTF_8)));
    }

    @Test
    void the_list_of_tools_is_the_same(@TempDir Path home) throws Exception {
        var settings = Settings.load(new Inputs(List.of(), Map.of(), home, home, "Linux", "tester"));
        var front = Dispatcher.front(settings, Catalogue.packed(), "1");
        var tools = new ArrayList<SyncToolSpecification>();
        for (var tool : Client.json(front.toolsJsonArray())) {
            tools.add(new SyncToolSpecification(
                    new ObjectMapper().treeToValue(tool, McpSchema.Tool.class),
                    (exchange, request) -> new McpSchema.CallToolResult(List.of(), false, null, null)));
        }
        var written = new ByteArrayOutputStream();
        var session = new SdkSession();
        session.server(front, Features.NONE).tools(tools).build();
        session.replay();
        var outlet = new Outlet(written, new CountDownLatch(1));
        session.handle(
                new Pending(1, null, Duration.ofSeconds(9), new InFlight(), outlet, null), "tools/list", Map.of());
        assertEquals(
                Client.json(written.toString(StandardCharsets.UTF_8)),
                Client.json(new String(Replies.tools(1, front), StandardCharsets.UTF_8)));
    }
}
