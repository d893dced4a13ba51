package org.pgcluster.mcp;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Front;

/** The messages that are written without the SDK. */
final class Replies {
    static final int PARSE_ERROR = -32700;
    static final int INVALID_REQUEST = -32600;
    static final int METHOD_NOT_FOUND = -32601;
    static final int INVALID_PARAMS = -32602;
    static final int INTERNAL = -32603;
    static final int BUSY = -32000;
    static final int NO_RESOURCE = -32002;

    static final String NEWEST = "2025-11-25";
    static final String WITH_BATCHES = "2025-03-26";

    private static final int USUAL = 256;

    private Replies() {}

    static String version(String asked) {
        if (asked.equals("2024-11-05") || asked.equals(WITH_BATCHES) || asked.equals("2025-06-18")) {
            return asked;
        }
        return NEWEST;
    }

    private static JsonWriter result(Object id, int expected) {
        return new JsonWriter(expected)
                .raw("{\"jsonrpc\":\"2.0\",\"id\":")
                .value(id)
                .raw(",\"result\":");
    }

    static byte[] empty(Object id) {
        return result(id, USUAL).raw("{}}").toBytes();
    }

    static byte[] tools(Object id, Front front) {
        return result(id, front.toolsJsonArray().length() + USUAL)
                .raw("{\"tools\":")
                .raw(front.toolsJsonArray())
                .raw("}}")
                .toBytes();
    }

    static byte[] initialize(Object id, String version, Front front, Features.Offers offers) {
        var reply = result(id, front.instructions().length() + 2 * USUAL);
        reply.raw("{\"protocolVersion\":").string(version).raw(",\"capabilities\":{");
        if (offers.completions()) {
            reply.raw("\"completions\":{},");
        }
        reply.raw("\"logging\":{}");
        if (offers.prompts()) {
            reply.raw(",\"prompts\":{\"listChanged\":false}");
        }
        if (offers.resources()) {
            reply.raw(",\"resources\":{\"subscribe\":false,\"listChanged\":false}");
        }
        reply.raw(",\"tools\":{\"listChanged\":false}},\"serverInfo\":{\"name\":");
        reply.string(front.name()).raw(",\"title\":").string(front.title());
        reply.raw(",\"version\":").string(front.version());
        reply.raw("},\"instructions\":").string(front.instructions());
        return reply.raw("}}").toBytes();
    }

    static byte[] answer(Object id, Answer answer) {
        return result(id, 2 * answer.text().length() + USUAL)
                .raw("{\"content\":[{\"type\":\"text\",\"text\":")
                .string(answer.text())
                .raw("}],\"structuredContent\":")
                .value(answer.structured())
                .raw(answer.isError() ? ",\"isError\":true}}" : ",\"isError\":false}}")
                .toBytes();
    }

    /** {@code id} is null where the request had none that could be read. */
    static byte[] error(@Nullable Object id, int code, String message) {
        return new JsonWriter(USUAL)
                .raw("{\"jsonrpc\":\"2.0\",\"id\":")
                .value(id)
                .raw(",\"error\":{\"code\":")
                .raw(Integer.toString(code))
                .raw(",\"message\":")
                .string(message)
                .raw("}}")
                .toBytes();
    }

    static byte[] notification(String method, Map<String, ? extends @Nullable Object> params) {
        return new JsonWriter(USUAL)
                .raw("{\"jsonrpc\":\"2.0\",\"method\":")
                .string(method)
                .raw(",\"params\":")
                .value(params)
                .raw("}")
                .toBytes();
    }

    static byte[] request(String id, String method, Map<String, ? extends @Nullable Object> params) {
        return new JsonWriter(USUAL)
                .raw("{\"jsonrpc\":\"2.0\",\"id\":")
                .string(id)
                .raw(",\"method\":")
                .string(method)
                .raw(",\"params\":")
                .value(params)
                .raw("}")
                .toBytes();
    }
}
