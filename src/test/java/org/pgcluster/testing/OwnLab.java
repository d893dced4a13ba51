package org.pgcluster.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.pgcluster.shape.JsonText;

/** An estate for one test class, to be broken and thrown away. */
public final class OwnLab implements AutoCloseable {
    private static final String PROGRAM = Path.of("lab/lab").toAbsolutePath().toString();

    private final String name;
    private final Map<String, String> variables;

    private OwnLab(String name, Map<String, String> variables) {
        this.name = name;
        this.variables = variables;
    }

    /** Only where a lab is there to be had: the environment names one. */
    public static OwnLab up(String name) throws IOException {
        return up(name, 2);
    }

    public static OwnLab up(String name, int groups) throws IOException {
        Assumptions.assumeTrue(!Lab.variable("LAB_DSN").isEmpty(), "no lab: LAB_DSN is not set");
        String own = name + "-" + ProcessHandle.current().pid();
        run("up", "--name", own, "--groups", String.valueOf(groups));
        var up = new OwnLab(own, new HashMap<>());
        up.read();
        return up;
    }

    private void read() throws IOException {
        Object json = JsonText.read(run("env", "--name", name, "--format", "json"));
        ((Map<?, ?>) Objects.requireNonNull(json))
                .forEach((key, value) -> variables.put(String.valueOf(key), String.valueOf(value)));
    }

    public Map<String, String> variables() {
        return variables;
    }

    public String address(String variable) {
        return Objects.requireNonNull(variables.get(variable), variable);
    }

    /** One more Citus group. */
    public void grow() throws IOException {
        run("grow", "--name", name);
        read();
    }

    /** Makes a fault of {@code lab/lab break} for real. */
    public void breaks(String fault) throws IOException {
        run("break", fault, "--name", name);
    }

    public void heal() throws IOException {
        run("heal", "--name", name);
    }

    /** Its programs, to be ended and started again one by one. */
    public LabProcesses processes() {
        return new LabProcesses(Path.of(variables.getOrDefault("LAB_FOLDER", "")));
    }

    private static String run(String... arguments) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of(PROGRAM));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(240, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("lab/lab " + String.join(" ", arguments) + " failed: " + out);
            }
            return out;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        run("down", "--name", name);
    }
}
