package org.pgcluster.haproxy;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http;
import org.pgcluster.http.Http.Question;
import org.pgcluster.http.Reply;

/** HAProxy's statistics page: the table for programs, and the form for people where {@code stats admin} shows it. */
record Page(Http http, String name, String url) {
    private static final Pattern FORM = Pattern.compile("<select name=\"?action");

    List<Stat> stats(Duration limit, Call call) {
        Reply reply = http.expect(new Question("GET", address() + ";csv", null, true), limit, call);
        if (reply.isHtml()) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    name + " answers, yet not as HAProxy's statistics do: an HTML page.",
                    "haproxy_urls takes the path that stats uri names.");
        }
        return Stat.read(reply.body(), name);
    }

    private String address() {
        return url.endsWith(";csv") ? url.substring(0, url.length() - ";csv".length()) : url;
    }

    /** The form is there only for clients that the configuration lets change something. */
    boolean hasForm(Duration limit, Call call) {
        Reply reply = http.expect(new Question("GET", address(), null, true), limit, call);
        return FORM.matcher(reply.body()).find();
    }

    /** As the form on it sends it. */
    static String form(String backend, String server, String state) {
        return "s=" + encoded(server) + "&action=" + encoded(state) + "&b=" + encoded(backend);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Empty where it agreed. It answers each with a redirect to itself, whose end is the outcome. */
    String post(String form, Duration limit, Call call) {
        Question question = new Question("POST", address(), form, true);
        Reply reply = http.ask(question, limit, call);
        Optional<String> outcome = reply.location()
                .filter(to -> to.contains(";st="))
                .map(to -> to.substring(to.indexOf(";st=") + ";st=".length()));
        if (outcome.isEmpty()) {
            throw http.refused(address(), reply);
        }
        return switch (outcome.get()) {
            case "DONE", "NONE" -> "";
            case "DENY" -> "Permission denied";
            case "ERRP" -> "it does not know these parameters";
            case "PART" -> "it did a part of it";
            default -> outcome.get();
        };
    }
}
