package org.pgcluster.http;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.ComponentAccess;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.wire.Tls;
import org.pgcluster.wire.WireErrors;
import org.pgcluster.wire.Words;

/**
 * Requests to one component: HTTP/1.1, no redirect followed, each with a deadline for the whole answer. The client is
 * made with the first request. Threads share it.
 */
public final class Http {
    public static final int MOST_BYTES = 8 << 20;

    private final String component;
    private final ComponentAccess access;
    private final Map<Boolean, HttpClient> clients = new HashMap<>();

    /** {@code component} is what its configuration keys begin with. */
    public Http(String component, ComponentAccess access) {
        this.component = component;
        this.access = access;
    }

    /** What is asked of whom; {@code trusted} may be given user and password. */
    public record Question(
            String method, String url, @Nullable String body, boolean trusted) {
        public static Question get(String url) {
            return new Question("GET", url, null, false);
        }

        /** All that is sent is JSON or a form. */
        private static String type(String body) {
            return body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded";
        }
    }

    public boolean hasPassword() {
        return access.password().isPresent();
    }

    public Reply ask(Question question, Duration limit, Call call) {
        String label = label(question.url());
        HttpRequest request = request(question, label);
        var tooMuch = new ToolException(
                ErrorCode.UPSTREAM_ERROR, label + " answered more than " + (MOST_BYTES >> 20) + " MiB.", null);
        Duration left = limit.compareTo(call.timeLeft()) < 0 ? limit : call.timeLeft();
        CompletableFuture<HttpResponse<byte[]>> answer = client(question.url().startsWith("https:"))
                .sendAsync(request, response -> new Bounded(MOST_BYTES, tooMuch));
        try (var handle = call.onCancel(() -> answer.cancel(true))) {
            return reply(answer.get(Math.max(1, left.toMillis()), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new ToolException(
                    ErrorCode.TIMEOUT,
                    label + " did not answer within " + Words.seconds(left) + ".",
                    "It may hang: look at the process there, or raise http_timeout_ms.");
        } catch (CancellationException e) {
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it asked " + label + ".", null);
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it asked " + label + ".", null);
        } catch (ExecutionException e) {
            if (call.cancelled()) {
                throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it asked " + label + ".", null);
            }
            Throwable why = e.getCause() == null ? e : e.getCause();
            throw uncertified(question.url(), WireErrors.of(label, why, component + "_ca_file"));
        }
    }

    /** Since TLS 1.3 a server ends a connection whose client it does not know only after both agreed on everything else. */
    private ToolException uncertified(String url, ToolException e) {
        String hint = "Set " + component + "_cert_file and " + component + "_key_file, or check the port.";
        boolean shown = access.certFile().isPresent();
        String text = e.text();
        if (text.endsWith(WireErrors.WANTS_CERTIFICATE) && shown) {
            int end = text.length() - WireErrors.WANTS_CERTIFICATE.length();
            return new ToolException(e.code(), text.substring(0, end) + " wants another client certificate.", hint);
        }
        if (!url.startsWith("https:") || !text.endsWith(WireErrors.HUNG_UP)) {
            return e;
        }
        return new ToolException(
                e.code(),
                text.substring(0, text.length() - 1) + ", as one does that wants " + (shown ? "another" : "a")
                        + " client certificate.",
                hint);
    }

    /** The same, where only a good answer is of use. */
    public Reply expect(Question question, Duration limit, Call call) {
        Reply reply = ask(question, limit, call);
        if (!reply.ok()) {
            throw refused(question.url(), reply);
        }
        return reply;
    }

    /** What a status means, whoever sent it. */
    public ToolException refused(String url, Reply reply) {
        String label = label(url);
        return switch (reply.status()) {
            case 401 ->
                new ToolException(
                        ErrorCode.PERMISSION_DENIED,
                        label
                                + (access.password().isPresent()
                                        ? " does not take user and password."
                                        : " asks for a user and a password."),
                        "Set " + component + "_user and " + component + "_password.");
            case 403 ->
                new ToolException(
                        ErrorCode.PERMISSION_DENIED,
                        label + " does not admit this client.",
                        "Look at its list of allowed addresses and whether it wants a client certificate.");
            case 404 ->
                new ToolException(
                        ErrorCode.NOT_FOUND, label + " has nothing at " + path(url) + ".", "Correct the URL.");
            case 301, 302, 303, 307, 308 ->
                new ToolException(
                        ErrorCode.UPSTREAM_ERROR,
                        label + " points to " + reply.location().orElse("nowhere") + ", which is not followed.",
                        "Configure the address that it points to, if it is yours.");
            default ->
                new ToolException(
                        ErrorCode.UPSTREAM_ERROR,
                        label + " answered " + reply.status() + (reply.body().isBlank() ? "" : ": " + reply.inShort())
                                + ".",
                        null);
        };
    }

    private static Reply reply(HttpResponse<byte[]> response) {
        return new Reply(
                response.statusCode(),
                new String(response.body(), StandardCharsets.UTF_8),
                response.headers().firstValue("location"),
                response.headers().firstValue("date").flatMap(Http::moment));
    }

    private static Optional<Instant> moment(String date) {
        try {
            return Optional.of(Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)));
        } catch (DateTimeException e) {
            return Optional.empty(); // a server may write what it likes
        }
    }

    private HttpRequest request(Question question, String label) {
        try {
            var publisher =
                    question.body() == null ? BodyPublishers.noBody() : BodyPublishers.ofString(question.body());
            var builder = HttpRequest.newBuilder(URI.create(question.url())).method(question.method(), publisher);
            if (question.body() != null) {
                builder.header("Content-Type", Question.type(question.body()));
            }
            if (question.trusted()) {
                credentials().ifPresent(basic -> builder.header("Authorization", basic));
            }
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    label + " is no address that HTTP knows: " + e.getMessage() + ".",
                    "A host name takes letters, digits, dots and hyphens, but no underscore; or use the number.");
        }
    }

    private Optional<String> credentials() {
        return access.user().map(user -> {
            String pair = user + ":"
                    + access.password().map(secret -> secret.reveal()).orElse("");
            return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        });
    }

    private HttpClient client(boolean encrypted) {
        synchronized (clients) {
            return clients.computeIfAbsent(encrypted, this::make);
        }
    }

    /** Who asks without TLS does not wait until Java has read all authorities that it knows. */
    private HttpClient make(boolean encrypted) {
        var builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER);
        if (!encrypted) {
            builder.sslContext(Tls.unused());
        } else if (access.caFile().isPresent() || access.certFile().isPresent()) {
            builder.sslContext(Tls.trusting(access.caFile(), access.certFile(), access.keyFile()));
        }
        return builder.build();
    }

    /** Host and port, as an error names it. */
    public static String label(String url) {
        int scheme = url.indexOf("://");
        int from = scheme < 0 ? 0 : scheme + 3;
        int to = from;
        while (to < url.length() && "/?;#".indexOf(url.charAt(to)) < 0) {
            to++;
        }
        return url.substring(from, to);
    }

    private static String path(String url) {
        int slash = url.indexOf('/', url.indexOf("://") + 3);
        return slash < 0 ? "/" : url.substring(slash);
    }
}
