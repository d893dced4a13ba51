package org.pgcluster.mcp;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.dispatch.Asker;
import org.pgcluster.dispatch.Asker.Consent;

/** The forms that the client shows to its person, and what became of them. Threads share it. */
final class Forms {
    private final Outlet outlet;
    private final Map<String, CompletableFuture<Map<?, ?>>> open = new HashMap<>();
    private int asked;
    private boolean closed;

    Forms(Outlet outlet) {
        this.outlet = outlet;
    }

    /** For one call: when that is cancelled, its form is too. */
    Asker asker(Call call) {
        return new Asker() {
            @Override
            public Consent ask(String message, String typed, Duration patience) {
                return Forms.this.ask(message, typed, patience, call);
            }
        };
    }

    /** A response line of the client; one that nobody waits for is dropped. */
    void answered(Map<?, ?> response) {
        CompletableFuture<Map<?, ?>> waiting;
        synchronized (open) {
            waiting = open.remove(response.get("id"));
        }
        if (waiting != null) {
            waiting.complete(response);
        }
    }

    /** The client is gone: nobody will answer any more. */
    void close() {
        List<CompletableFuture<Map<?, ?>>> rest;
        synchronized (open) {
            closed = true;
            rest = List.copyOf(open.values());
            open.clear();
        }
        rest.forEach(form -> form.complete(Map.of()));
    }

    private Consent ask(String message, String typed, Duration patience, Call call) {
        var form = new CompletableFuture<Map<?, ?>>();
        String id;
        synchronized (open) {
            if (closed) {
                return Consent.NO_ANSWER;
            }
            asked++;
            id = "form-" + asked;
            open.put(id, form);
        }
        Call.Handle stop = call.onCancel(() -> form.complete(Map.of()));
        try {
            outlet.send(Replies.request(id, "elicitation/create", params(message, typed)));
            return consent(form.get(Math.max(0, patience.toMillis()), TimeUnit.MILLISECONDS), typed);
        } catch (TimeoutException e) {
            return Consent.NO_ANSWER;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Consent.NO_ANSWER;
        } finally {
            stop.close();
            withdraw(id, form);
        }
    }

    /** A form that nobody answered must not stay on the screen and be accepted later. */
    private void withdraw(String id, CompletableFuture<Map<?, ?>> form) {
        synchronized (open) {
            boolean stillShown = open.remove(id, form);
            if (!stillShown) {
                return;
            }
        }
        outlet.send(Replies.notification(
                "notifications/cancelled", Map.of("requestId", id, "reason", "The question is no longer open.")));
    }

    private static Map<String, Object> params(String message, String typed) {
        Map<String, Object> field = new LinkedHashMap<>();
        boolean typing = !typed.isEmpty();
        field.put("type", typing ? "string" : "boolean");
        field.put("title", typing ? "Type " + typed + " to consent" : "I consent");
        if (!typing) {
            field.put("default", false);
        }
        String name = typing ? "typed" : "consent";
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", Map.of(name, field));
        schema.put("required", List.of(name));
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("message", message);
        params.put("requestedSchema", schema);
        return params;
    }

    /** Clients do not check the content themselves: only exactly what was asked for is consent. */
    static Consent consent(Map<?, ?> response, String typed) {
        if (!(response.get("result") instanceof Map<?, ?> result) || !(result.get("action") instanceof String action)) {
            return Consent.NO_ANSWER;
        }
        return switch (action) {
            case "accept" -> accepted(result.get("content"), typed);
            case "decline" -> Consent.DECLINED;
            case "cancel" -> Consent.DISMISSED;
            default -> Consent.NO_ANSWER;
        };
    }

    private static Consent accepted(@Nullable Object content, String typed) {
        if (!(content instanceof Map<?, ?> fields)) {
            return Consent.DECLINED;
        }
        boolean consents =
                typed.isEmpty() ? Boolean.TRUE.equals(fields.get("consent")) : typed.equals(fields.get("typed"));
        return consents ? Consent.ACCEPTED : Consent.DECLINED;
    }
}
