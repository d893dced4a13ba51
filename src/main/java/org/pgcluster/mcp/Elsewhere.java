package org.pgcluster.mcp;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Front;

/**
 * The methods that the SDK answers: prompts, resources, completions, logging. It is loaded with the first of them, since
 * most sessions never send one. Threads share it.
 */
final class Elsewhere implements ClientLog {
    private final Outlet outlet;
    private final Front front;
    private final Features features;
    private @Nullable SdkSession session;

    Elsewhere(Outlet outlet, Front front, Features features) {
        this.outlet = outlet;
        this.front = front;
        this.features = features;
    }

    boolean knows(String method) {
        return switch (method) {
            case "prompts/list", "prompts/get" -> features.offers().prompts();
            case "resources/list", "resources/templates/list", "resources/read" ->
                features.offers().resources();
            case "completion/complete" -> features.offers().completions();
            case "logging/setLevel" -> true;
            default -> false;
        };
    }

    /** What is wrong with the shape of the parameters; the SDK would answer with the text of an exception. */
    static @Nullable String wrong(String method, Map<String, @Nullable Object> params) {
        return switch (method) {
            case "prompts/get" ->
                params.get("name") instanceof String
                        ? texts("arguments", params.get("arguments"))
                        : "`name` is required and takes a text.";
            case "resources/read" -> params.get("uri") instanceof String ? null : "`uri` is required and takes a text.";
            case "completion/complete" -> wrongCompletion(params);
            case "logging/setLevel" ->
                level(params.get("level")) != null
                        ? null
                        : "`level` is one of debug, info, notice, warning, error, critical, alert, emergency.";
            default -> {
                Object cursor = params.get("cursor");
                yield cursor == null || cursor instanceof String ? null : "`cursor` takes a text.";
            }
        };
    }

    private static @Nullable String wrongCompletion(Map<String, @Nullable Object> params) {
        if (!(params.get("ref") instanceof Map<?, ?> of)) {
            return "`ref` is required and takes an object.";
        }
        boolean prompt = "ref/prompt".equals(of.get("type")) && of.get("name") instanceof String;
        boolean resource = "ref/resource".equals(of.get("type")) && of.get("uri") instanceof String;
        if (!prompt && !resource) {
            return "`ref` has the type ref/prompt and a `name`, or ref/resource and a `uri`.";
        }
        if (!(params.get("argument") instanceof Map<?, ?> argument)
                || !(argument.get("name") instanceof String)
                || !(argument.get("value") instanceof String)) {
            return "`argument` is required and takes an object with `name` and `value`.";
        }
        Object context = params.get("context");
        if (context != null && !(context instanceof Map<?, ?>)) {
            return "`context` takes an object.";
        }
        return context instanceof Map<?, ?> known ? texts("context.arguments", known.get("arguments")) : null;
    }

    private static @Nullable String texts(String name, @Nullable Object object) {
        if (object == null) {
            return null;
        }
        String wrong = "`" + name + "` takes an object whose values are texts.";
        if (!(object instanceof Map<?, ?> members)) {
            return wrong;
        }
        for (Object value : members.values()) {
            if (!(value instanceof String)) {
                return wrong;
            }
        }
        return null;
    }

    private static @Nullable Level level(@Nullable Object name) {
        for (Level level : Level.values()) {
            if (level.name().toLowerCase(java.util.Locale.ROOT).equals(name)) {
                return level;
            }
        }
        return null;
    }

    Runnable job(Pending pending, String method, Map<String, @Nullable Object> params) {
        return () -> {
            try {
                if (!pending.answered()) {
                    session().handle(pending, method, withoutSlash(params));
                }
            } catch (Throwable e) {
                pending.fail(
                        Replies.INTERNAL, "The server failed in a way it should not. Its log on stderr says more.");
                Complaints.about(method, e);
            } finally {
                pending.ended();
            }
        };
    }

    /** Clients show prompts as commands, and some send the slash of the command with the name. */
    private static Map<String, @Nullable Object> withoutSlash(Map<String, @Nullable Object> params) {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>(params);
        if (plain.get("name") instanceof String name && name.startsWith("/")) {
            plain.put("name", name.substring(1));
        }
        if (plain.get("ref") instanceof Map<?, ?> of && of.get("name") instanceof String name && name.startsWith("/")) {
            plain.put("ref", Map.of("type", "ref/prompt", "name", name.substring(1)));
        }
        return plain;
    }

    private synchronized SdkSession session() {
        if (session == null) {
            session = SdkSession.open(front, features);
        }
        return session;
    }

    /** Until the client sets a level, and so until the SDK is there, it is told from {@code INFO} on. */
    @Override
    public void log(Level level, String logger, String text) {
        SdkSession loaded;
        synchronized (this) {
            loaded = session;
        }
        boolean wanted = loaded == null ? level.compareTo(Level.INFO) >= 0 : loaded.wants(level);
        if (wanted) {
            outlet.send(Replies.notification(
                    "notifications/message",
                    Map.of("level", level.name().toLowerCase(java.util.Locale.ROOT), "logger", logger, "data", text)));
        }
    }
}
