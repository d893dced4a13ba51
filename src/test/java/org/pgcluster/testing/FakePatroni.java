package org.pgcluster.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** A member of Patroni as far as its REST interface goes: it answers what it is told to, or hangs up in the middle. */
public final class FakePatroni implements AutoCloseable {
    private static final int HANG_UP = -1;

    private final HttpServer server;
    private final String scheme;
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "fake Patroni");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private record Answer(int status, String body, Runnable before) {}

    private FakePatroni(HttpServer server, String scheme) {
        this.server = server;
        this.scheme = scheme;
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    public static FakePatroni up() {
        try {
            return new FakePatroni(HttpServer.create(anyPort(), 0), "http");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By TLS, and only for clients that show a certificate that {@code context} trusts. */
    public static FakePatroni askingForCertificates(SSLContext context) {
        try {
            HttpsServer server = HttpsServer.create(anyPort(), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(context) {
                @Override
                public void configure(HttpsParameters parameters) {
                    var wanted = context.getDefaultSSLParameters();
                    wanted.setNeedClientAuth(true);
                    parameters.setSSLParameters(wanted);
                }
            });
            return new FakePatroni(server, "https");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The first leads, the others stream from it. */
    public static List<FakePatroni> group(String... names) {
        List<FakePatroni> members = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            members.add(up());
        }
        led(members, 0, 3, names);
        return members;
    }

    /** From now on that one leads on that timeline, and the others follow it. */
    public static void led(List<FakePatroni> members, int leader, int timeline, String... names) {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            rows.add(row(
                    names[i], i == leader ? "leader" : "replica", members.get(i).url()));
        }
        String cluster = on(timeline, "{\"members\": [" + String.join(",", rows) + "]}");
        for (int i = 0; i < names.length; i++) {
            members.get(i)
                    .answers("GET /patroni", 200, on(timeline, own(i == leader ? "master" : "replica")))
                    .answers("GET /cluster", 200, cluster)
                    .answers("GET /config", 200, "{\"ttl\": 20, \"loop_wait\": 1}");
        }
    }

    private static String on(int timeline, String json) {
        return json.replace("\"timeline\": 3", "\"timeline\": " + timeline);
    }

    public static String row(String name, String role, String url) {
        return "{\"name\": \"" + name + "\", \"role\": \"" + role + "\", \"state\": \"running\", \"api_url\": \"" + url
                + "/patroni\", \"host\": \"127.0.0.1\", \"port\": 1, \"timeline\": 3"
                + (role.equals("leader") ? "" : ", \"lag\": 0") + "}";
    }

    public static String own(String role) {
        String wal = role.equals("replica")
                ? "{\"received_location\": 5000, \"replayed_location\": 5000}"
                : "{\"location\": 5000}";
        return "{\"state\": \"running\", \"role\": \"" + role + "\", \"server_version\": 150020, \"timeline\": 3,"
                + " \"xlog\": " + wal + ", \"patroni\": {\"version\": \"3.0.2\", \"scope\": \"fake\"}}";
    }

    /** {@code request} is method and path: GET /cluster. */
    public FakePatroni answers(String request, int status, String body) {
        return answersAfter(request, () -> {}, status, body);
    }

    /** {@code change} is what such a request brings about. */
    public FakePatroni answersAfter(String request, Runnable change, int status, String body) {
        answers.put(request, new Answer(status, body, change));
        return this;
    }

    public FakePatroni hangsUpOn(String request) {
        return answers(request, HANG_UP, "");
    }

    public String url() {
        return scheme + "://127.0.0.1:" + server.getAddress().getPort();
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** Method, path and body of every request, in order. */
    public List<String> asked() {
        return asked;
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request =
                exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add((request + " " + body).strip());
        Answer answer = answers.getOrDefault(request, new Answer(503, "{}", () -> {}));
        answer.before().run();
        if (answer.status() != HANG_UP) {
            byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html"); // as Patroni calls all but its JSON
            exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
