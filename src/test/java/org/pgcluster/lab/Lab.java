package org.pgcluster.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The lab that {@code ./check} started, and commands of the repository as a person runs them. */
public final class Lab {
    public static final Path REPOSITORY = Path.of("").toAbsolutePath();

    private Lab() {}

    public record Ran(int code, String text) {}

    public static void require() {
        Assumptions.assumeTrue(
                System.getenv("LAB_DSN") != null,
                Optional.ofNullable(System.getenv("LAB_MISSING"))
                        .orElse("no lab: run it by ./check, or eval \"$(lab/lab env)\" first"));
    }

    public static void requireCitus() {
        require();
        Assumptions.assumeTrue("1".equals(System.getenv("LAB_CITUS")), "the lab has no Citus here");
    }

    public static String address(String variable) {
        return Optional.ofNullable(System.getenv(variable))
                .orElseThrow(() -> new IllegalStateException(variable + " is not set"));
    }

    public static Connection connect(String dsn) throws SQLException {
        var uri = java.net.URI.create(dsn);
        var user = uri.getUserInfo().split(":", 2);
        return DriverManager.getConnection(
                "jdbc:postgresql://" + uri.getHost() + ":" + uri.getPort() + uri.getPath(), user[0], user[1]);
    }

    public static String one(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    public static Ran run(Map<String, String> environment, String... command) {
        try {
            Path output = Files.createTempFile("pgcluster-lab", ".out");
            var builder = new ProcessBuilder(List.of(command))
                    .directory(REPOSITORY.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("PGCLUSTER_MCP_"));
            builder.environment().putAll(environment);
            Process process = builder.start();
            boolean ended = process.waitFor(180, TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = Files.readString(output, StandardCharsets.UTF_8);
            Files.delete(output);
            return new Ran(ended ? process.exitValue() : -1, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
