package org.pgcluster.mcp;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.pgcluster.call.Call;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Asker;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Front;
import org.pgcluster.dispatch.Request;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** A server with a desk of test tools, as a process of its own. */
public final class Trial implements Desk, AutoCloseable {
    static final Front FRONT = new Front(
            "trial",
            "A trial ✓",
            "1.2.3",
            "Use \"echo\".\nThen rest.",
            "[{\"name\":\"echo\",\"title\":\"Echo\",\"description\":\"Says it again ✓.\","
                    + "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}},"
                    + "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"said\":{\"type\":\"string\"}}},"
                    + "\"annotations\":{\"title\":\"Echo\",\"readOnlyHint\":true,\"destructiveHint\":false,"
                    + "\"idempotentHint\":true,\"openWorldHint\":false}}]");

    static final class Examples implements Features {
        private volatile ClientLog log = (level, logger, text) -> {};

        @Override
        public Offers offers() {
            return new Offers(true, true, true);
        }

        @Override
        public List<Prompt> prompts() {
            return List.of(new Prompt(
                    "triage",
                    "Triage",
                    "Where to begin.",
                    List.of(
                            new Prompt.Argument("cluster", "Which", true),
                            new Prompt.Argument("since", "From when", false)),
                    (arguments, call) -> "Look at " + arguments));
        }

        @Override
        public List<Resource> resources() {
            return List.of(new Resource(
                    "trial://health", "health", "Health", "How it is.", "text/plain", (uri, call) -> "well"));
        }

        @Override
        public List<Resource> resourceTemplates() {
            return List.of(new Resource(
                    "trial://{cluster}/table", "table", "Table", "One table.", "application/json", Examples::table));
        }

        private static String table(String uri, Call call) {
            if (uri.contains("none")) {
                throw new ToolException(ErrorCode.NOT_FOUND, "There is no cluster none.", "Ask list_clusters.");
            }
            if (uri.contains("bug")) {
                throw new IllegalStateException("secret inside");
            }
            return "{\"uri\":\"" + uri + "\"}";
        }

        @Override
        public List<Completion> completions() {
            return List.of(
                    new Completion("triage", (argument, begun, known, call) -> List.of(argument + "=" + begun + known)),
                    new Completion(
                            "trial://{cluster}/table", (argument, begun, known, call) -> List.of(begun + "-east")));
        }

        @Override
        public boolean hasTool(String name) {
            return !name.equals("nothing");
        }

        @Override
        public void connected(ClientLog clientLog) {
            log = clientLog;
        }
    }

    private final Examples features;

    Trial(Examples features) {
        this.features = features;
    }

    public static void main(String[] arguments) {
        var out = new FileOutputStream(FileDescriptor.out);
        System.setOut(System.err);
        var features = new Examples();
        var limits = new Limits(
                64 << 20,
                Integer.getInteger("in.flight", 256),
                Integer.getInteger("queued", 1024),
                Limits.with(Duration.ZERO).grace(),
                Duration.ofSeconds(60));
        System.exit(StdioServer.serve(
                System.in,
                out,
                FRONT,
                () -> {
                    if (Boolean.getBoolean("no.desk")) {
                        throw new IllegalStateException("secret inside");
                    }
                    return new Trial(features);
                },
                features,
                limits));
    }

    @Override
    public Answer call(Request request) {
        return switch (request.tool()) {
            case "echo" -> said(String.valueOf(request.arguments().get("text")));
            case "size" ->
                said(Integer.toString(
                        String.valueOf(request.arguments().get("text")).length()));
            case "arguments" -> new Answer("all", new LinkedHashMap<>(Map.of("given", request.arguments())), false);
            case "sleep" -> sleep(request);
            case "stubborn" -> stubborn();
            case "progress" -> progress(request);
            case "ask" -> ask(request);
            case "log" -> log();
            case "client" -> said(request.client());
            case "print" -> {
                System.out.println("a library prints");
                yield said("printed");
            }
            case "fails" -> new Answer("It is not so.", Map.of("code", "NOT_FOUND"), true);
            case "error" -> throw new AssertionError("secret inside");
            case "memory" -> throw new OutOfMemoryError("secret inside");
            case "stack" -> throw new StackOverflowError();
            case "linkage" -> throw new NoClassDefFoundError("org/secret/Inside");
            case "null" -> nothing();
            case "interrupt" -> {
                Thread.currentThread().interrupt();
                yield said("interrupted");
            }
            default -> new Answer("There is no such tool.", Map.of(), true);
        };
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
    private static <T> T nothing() {
        return null;
    }

    private static Answer said(String text) {
        return new Answer(text, Map.of("said", text), false);
    }

    private static Answer sleep(Request request) {
        int millis = new BigDecimal(String.valueOf(request.arguments().get("millis"))).intValue();
        var stopped = new CountDownLatch(1);
        var handle = request.call().onCancel(() -> {
            System.err.println("STOPPED " + request.arguments().get("name"));
            stopped.countDown();
        });
        try {
            return said(stopped.await(millis, TimeUnit.MILLISECONDS) ? "stopped" : "slept");
        } catch (InterruptedException e) {
            return said("interrupted");
        } finally {
            handle.close();
        }
    }

    /** Hears no cancel. */
    private static Answer stubborn() {
        long until = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < until) {
            java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
        }
        return said("at last");
    }

    private static Answer progress(Request request) {
        int steps = new BigDecimal(String.valueOf(request.arguments().get("steps"))).intValue();
        for (int step = 1; step <= steps; step++) {
            request.call().progress(step, (double) steps, "step " + step);
        }
        return said("done");
    }

    private static Answer ask(Request request) {
        String typed = String.valueOf(request.arguments().getOrDefault("typed", ""));
        int millis = new BigDecimal(String.valueOf(request.arguments().getOrDefault("patience", 20_000))).intValue();
        return said(request.asker()
                .map(asker -> asker.ask("Do it?", typed, Duration.ofMillis(millis)))
                .map(Asker.Consent::name)
                .orElse("NOBODY"));
    }

    private Answer log() {
        for (var level : ClientLog.Level.values()) {
            features.log.log(level, "trial", "at " + level);
        }
        return said("logged");
    }

    @Override
    public void close() {
        System.err.println("CLOSED");
    }
}
