package org.pgcluster.mcp;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Front;

/**
 * The conversation with the one client: judges each line and answers at once what needs no work; the rest goes to
 * workers. Reads on one thread, which never waits for a call, a server or a slow client.
 */
final class Connection {
    private final Front front;
    private final LazyDesk desk;
    private final Features features;
    private final Limits limits;
    private final Outlet outlet;
    private final Workers workers;
    private final InFlight inFlight = new InFlight();
    private final Forms forms;
    private final Elsewhere elsewhere;
    private volatile boolean stopping;
    private volatile String client = "";
    private volatile boolean elicits;
    private @Nullable String version;

    Connection(Outlet outlet, Front front, LazyDesk desk, Features features, Limits limits) {
        this.outlet = outlet;
        this.front = front;
        this.desk = desk;
        this.features = features;
        this.limits = limits;
        this.workers = new Workers(limits.inFlight(), limits.queued());
        this.forms = new Forms(outlet);
        this.elsewhere = new Elsewhere(outlet, front, features);
    }

    /** Only that the classes are there when they are needed. */
    static void load(Outlet outlet, Front front) {
        new Workers(0, 0);
        new Forms(outlet);
        new InFlight();
        new Elsewhere(outlet, front, Features.NONE);
    }

    Features features() {
        return features;
    }

    LazyDesk desk() {
        return desk;
    }

    Forms forms() {
        return forms;
    }

    Workers workers() {
        return workers;
    }

    InFlight inFlight() {
        return inFlight;
    }

    Elsewhere elsewhere() {
        return elsewhere;
    }

    String client() {
        return client;
    }

    boolean elicits() {
        return elicits;
    }

    /** From now on every request is refused. */
    void stop() {
        stopping = true;
    }

    /** Until the end of the input. */
    void read(Lines lines) throws IOException {
        while (true) {
            try {
                Lines.Kind kind = lines.next();
                if (kind == Lines.Kind.END) {
                    return;
                }
                if (kind == Lines.Kind.TOO_LONG) {
                    refuse(null, Replies.INVALID_REQUEST, "The line is longer than the server takes.", null);
                } else if (!blank(lines)) {
                    line(JsonReader.read(lines.bytes(), lines.from(), lines.end()));
                }
            } catch (JsonFault e) {
                refuse(null, Replies.PARSE_ERROR, "The line is not JSON. " + e.getMessage(), null);
            } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
                refuse(null, Replies.INTERNAL, "The line could not be taken.", null);
                Complaints.about("reading a line", e);
            }
        }
    }

    private static boolean blank(Lines lines) {
        for (int i = lines.from(); i < lines.end(); i++) {
            byte next = lines.bytes()[i];
            if (next != ' ' && next != '\t' && next != '\r') {
                return false;
            }
        }
        return true;
    }

    private void line(@Nullable Object value) {
        if (value instanceof Map<?, ?> message) {
            message(message, null);
        } else if (value instanceof List<?> messages && Replies.WITH_BATCHES.equals(version)) {
            if (messages.isEmpty() || messages.size() > limits.inFlight()) {
                // Its replies are held until the last one is there: a line of lists of tools would take all memory.
                String most = Integer.toString(limits.inFlight());
                String message = "A batch takes from 1 to ".concat(most).concat(" messages.");
                refuse(null, Replies.INVALID_REQUEST, message, null);
                return;
            }
            var batch = new Batch(outlet);
            for (Object message : messages) {
                if (message instanceof Map<?, ?> one) {
                    message(one, batch);
                } else {
                    refuse(null, Replies.INVALID_REQUEST, "A message is an object.", batch);
                }
            }
            batch.skip();
        } else if (value instanceof List<?>) {
            refuse(
                    null,
                    Replies.INVALID_REQUEST,
                    "This version of the protocol has no batches: one message a line.",
                    null);
        } else {
            refuse(null, Replies.INVALID_REQUEST, "A message is an object.", null);
        }
    }

    private void message(Map<?, ?> message, @Nullable Batch batch) {
        Object id = message.get("id");
        boolean usable = id instanceof String || id instanceof Integer || id instanceof Long;
        if (!"2.0".equals(message.get("jsonrpc"))) {
            refuse(usable ? id : null, Replies.INVALID_REQUEST, "`jsonrpc` is \"2.0\" in every message.", batch);
        } else if (message.containsKey("method")) {
            if (!(message.get("method") instanceof String method)) {
                refuse(usable ? id : null, Replies.INVALID_REQUEST, "`method` takes a text.", batch);
            } else if (!message.containsKey("id")) {
                notified(method, message.get("params"));
            } else if (usable && id != null) {
                request(id, method, message, batch);
            } else {
                refuse(null, Replies.INVALID_REQUEST, "`id` takes a text or a whole number of at most 64 bits.", batch);
            }
        } else if (usable && (message.containsKey("result") || message.containsKey("error"))) {
            forms.answered(message);
        } else if (id == null && message.containsKey("error")) {
            // So a client tells that it could not read a message; an error in return could go to and fro for ever.
            return;
        } else {
            refuse(
                    usable ? id : null,
                    Replies.INVALID_REQUEST,
                    "A message has a `method`, or an `id` and a `result`.",
                    batch);
        }
    }

    private void notified(String method, @Nullable Object params) {
        if (method.equals("notifications/cancelled") && params instanceof Map<?, ?> named) {
            inFlight.cancel(named.get("requestId"));
        }
    }

    private void request(Object id, String method, Map<?, ?> message, @Nullable Batch batch) {
        Object given = message.get("params");
        if (given != null && !(given instanceof Map<?, ?>)) {
            refuse(id, Replies.INVALID_PARAMS, "`params` takes an object.", batch);
            return;
        }
        Map<String, @Nullable Object> params = members(given);
        if (method.equals("ping")) {
            tell(Replies.empty(id), batch);
        } else if (inFlight.has(id)) {
            // With the identifier in it, this would be taken for the reply to the first.
            refuse(null, Replies.INVALID_REQUEST, "A request with this id is still running: " + id, batch);
        } else if (method.equals("initialize")) {
            initialize(id, params, batch);
        } else if (version == null) {
            refuse(id, Replies.INVALID_REQUEST, "The first request is `initialize`.", batch);
        } else if (method.equals("tools/list")) {
            tell(Replies.tools(id, front), batch);
        } else if (method.equals("tools/call")) {
            call(id, params, batch);
        } else if (!elsewhere.knows(method)) {
            refuse(id, Replies.METHOD_NOT_FOUND, "There is no method " + method + ".", batch);
        } else {
            String wrong = Elsewhere.wrong(method, params);
            if (wrong != null) {
                refuse(id, Replies.INVALID_PARAMS, wrong, batch);
            } else {
                Pending pending = pending(id, params, batch);
                start(pending, elsewhere.job(pending, method, params));
            }
        }
    }

    private void initialize(Object id, Map<String, @Nullable Object> params, @Nullable Batch batch) {
        if (batch != null) {
            refuse(id, Replies.INVALID_REQUEST, "`initialize` stands alone, not in a batch.", batch);
            return;
        }
        if (!(params.get("protocolVersion") instanceof String asked)) {
            refuse(id, Replies.INVALID_PARAMS, "`protocolVersion` is required and takes a text.", null);
            return;
        }
        boolean first = version == null;
        version = Replies.version(asked);
        tell(Replies.initialize(id, Replies.version(asked), front, features.offers()), null);
        client = name(params.get("clientInfo"));
        elicits = params.get("capabilities") instanceof Map<?, ?> can && showsForms(can.get("elicitation"));
        if (first) {
            var ahead = new Thread(desk, "desk");
            ahead.setDaemon(true);
            ahead.start();
        }
    }

    private static String name(@Nullable Object info) {
        if (!(info instanceof Map<?, ?> named) || !(named.get("name") instanceof String name)) {
            return "";
        }
        return named.get("version") instanceof String version ? name.concat(" ").concat(version) : name;
    }

    /** An empty capability means forms, as the first version of the protocol with elicitation had it. */
    private static boolean showsForms(@Nullable Object elicitation) {
        return elicitation instanceof Map<?, ?> kinds && (kinds.isEmpty() || kinds.containsKey("form"));
    }

    private void call(Object id, Map<String, @Nullable Object> params, @Nullable Batch batch) {
        Object arguments = params.get("arguments");
        if (!(params.get("name") instanceof String tool)) {
            refuse(id, Replies.INVALID_PARAMS, "`name` is required and takes a text.", batch);
        } else if (arguments != null && !(arguments instanceof Map<?, ?>)) {
            refuse(id, Replies.INVALID_PARAMS, "`arguments` takes an object.", batch);
        } else {
            Pending pending = pending(id, params, batch);
            start(pending, new ToolCall(this, pending, tool, members(arguments)));
        }
    }

    private Pending pending(Object id, Map<String, @Nullable Object> params, @Nullable Batch batch) {
        Object token = params.get("_meta") instanceof Map<?, ?> meta ? meta.get("progressToken") : null;
        boolean usable = token instanceof String || token instanceof Integer || token instanceof Long;
        return new Pending(id, usable ? token : null, limits.call(), inFlight, outlet, batch);
    }

    private void start(Pending pending, Runnable job) {
        pending.begin();
        if (stopping) {
            pending.refuse(Replies.BUSY, "The server is stopping.");
        } else if (!workers.offer(job)) {
            pending.refuse(Replies.BUSY, "Too many requests are in flight. Wait for some to be answered.");
        }
    }

    @SuppressWarnings("unchecked") // The reader makes maps with texts as names only.
    private static Map<String, @Nullable Object> members(@Nullable Object object) {
        return object == null ? new LinkedHashMap<>() : (Map<String, @Nullable Object>) object;
    }

    private void refuse(@Nullable Object id, int code, String message, @Nullable Batch batch) {
        tell(Replies.error(id, code, message), batch);
    }

    private void tell(byte[] message, @Nullable Batch batch) {
        if (batch == null) {
            outlet.leave(message);
        } else {
            batch.expect();
            batch.add(message);
        }
    }
}
