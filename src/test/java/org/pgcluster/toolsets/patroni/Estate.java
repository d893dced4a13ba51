package org.pgcluster.toolsets.patroni;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.LabProcesses;
import org.pgcluster.testing.OwnLab;
import org.pgcluster.testing.Writer;

/** What tests do to an estate of their own beside our server: by REST, SQL and signals, so that each is a second witness. */
public record Estate(OwnLab lab) {
    public LabProcesses processes() {
        return lab.processes();
    }

    public String variable(String name) {
        return lab.variables().getOrDefault(name, "");
    }

    /** Every member runs, one leads by its own word, and synchronous groups have their standby. */
    public void awaitWhole(Lab ours) {
        Eventually.see("the estate to be whole", () -> {
            Answer answer = ours.call("patroni_cluster_status");
            List<Map<?, ?>> groups = Lab.rows(answer, "groups");
            boolean whole =
                    groups.stream().map(group -> group.get("group")).toList().equals(List.of("0", "1"))
                            && groups.stream()
                                    .allMatch(group -> Boolean.TRUE.equals(group.get("confirmed"))
                                            && Objects.equals(group.get("healthy"), 2)
                                            && Boolean.FALSE.equals(group.get("paused"))
                                            && !((List<?>) Objects.requireNonNull(group.get("synchronous_standbys")))
                                                    .isEmpty());
            return whole ? "" : answer.text();
        });
    }

    public static Map<?, ?> group(Lab ours, String name) {
        return Lab.rows(ours.call("patroni_cluster_status", "group", name), "groups")
                .get(0);
    }

    public static String leader(Lab ours, String group) {
        return String.valueOf(group(ours, group).get("leader"));
    }

    public static String replica(Lab ours, String group) {
        String leader = leader(ours, group);
        return members(ours, group).stream()
                .map(row -> String.valueOf(row.get("member")))
                .filter(name -> !name.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    public static List<Map<?, ?>> members(Lab ours, String group) {
        return Lab.rows(ours.call("patroni_member_list", "group", group), "members");
    }

    public static Map<?, ?> member(Lab ours, String name) {
        return members(ours, name).stream()
                .filter(row -> name.equals(row.get("member")))
                .findFirst()
                .orElseThrow();
    }

    public String password() {
        return URI.create(variable("LAB_DSN")).getUserInfo().split(":", 2)[1];
    }

    /** Writes to the primary among these members, wherever it is, through nothing in between. */
    public Writer writer(List<Map<?, ?>> members, String sql) {
        String addresses = String.join(
                ",",
                members.stream().map(row -> String.valueOf(row.get("address"))).toList());
        return Writer.to(addresses, "postgres", password(), sql);
    }

    public String sql(Object address, String statement) {
        try (var connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + address + "/app?connectTimeout=5", "postgres", password());
                var running = connection.createStatement()) {
            if (!running.execute(statement)) {
                return "";
            }
            var rows = running.getResultSet();
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Patroni itself, as patronictl or curl would ask it. */
    public String rest(String method, Object url, String body) {
        String login = variable("LAB_PATRONI_USER") + ":" + variable("LAB_PATRONI_PASSWORD");
        var request = HttpRequest.newBuilder(URI.create(String.valueOf(url)))
                .header(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        try {
            return HttpClient.newHttpClient()
                    .send(request, BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
