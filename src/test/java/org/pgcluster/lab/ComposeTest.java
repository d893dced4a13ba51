package org.pgcluster.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** {@code docker-compose.yml}, as far as it can be judged without an engine. */
class ComposeTest {
    private static final Path FILE = Path.of("docker-compose.yml");

    @TempDir
    Path home = Path.of("");

    private String text = "";
    private Map<?, ?> services = Map.of();

    @BeforeEach
    void read() throws IOException {
        text = Files.readString(FILE);
        services = map(yaml(text), "services");
    }

    private static Map<?, ?> yaml(String text) {
        return new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
    }

    private static Map<?, ?> map(Map<?, ?> parent, String key) {
        return parent.get(key) instanceof Map<?, ?> found ? found : Map.of();
    }

    private static List<String> list(Map<?, ?> parent, String key) {
        return parent.get(key) instanceof List<?> found
                ? found.stream().map(String::valueOf).toList()
                : List.of();
    }

    private Map<?, ?> service(String name) {
        return map(services, name);
    }

    private List<String> members() {
        return services.keySet().stream()
                .map(String::valueOf)
                .filter(name -> name.matches("g\\dm\\d"))
                .toList();
    }

    @Test
    void every_file_that_is_mounted_or_built_from_is_there() throws IOException {
        List<String> missing = new ArrayList<>();
        int seen = 0;
        Set<String> volumes = map(yaml(text), "volumes").keySet().stream()
                .map(String::valueOf)
                .collect(Collectors.toSet());
        for (Object name : services.keySet()) {
            for (String mount : list(service(String.valueOf(name)), "volumes")) {
                String source = mount.substring(0, mount.indexOf(':'));
                seen++;
                boolean built = source.equals("./target/pgcluster-mcp.jar");
                if (!built && !volumes.contains(source) && !Files.exists(Path.of(source))) {
                    missing.add(source);
                }
            }
        }
        String recipe = String.valueOf(map(service("g0m0"), "build").get("dockerfile"));
        var copied = Pattern.compile("(?m)^COPY (\\S+) ").matcher(Files.readString(Path.of(recipe)));
        while (copied.find()) {
            seen++;
            if (!Files.exists(Path.of(copied.group(1)))) {
                missing.add(copied.group(1));
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(seen > 5, "the mounts were not found");
        assertTrue(Files.isExecutable(
                Path.of(list(service("furnish"), "entrypoint").get(0).replace("/estate/", ""))));
    }

    @Test
    void nobody_waits_for_a_service_that_is_not_there_or_cannot_be_healthy() {
        for (Object name : services.keySet()) {
            for (var wait : map(service(String.valueOf(name)), "depends_on").entrySet()) {
                Map<?, ?> other = service(String.valueOf(wait.getKey()));
                assertTrue(!other.isEmpty(), name + " waits for " + wait.getKey());
                boolean healthy = "service_healthy".equals(((Map<?, ?>) wait.getValue()).get("condition"));
                assertTrue(!healthy || !map(other, "healthcheck").isEmpty(), wait.getKey() + " tells no health");
            }
        }
    }

    @Test
    void three_groups_of_two_members_have_addresses_of_their_own() {
        Map<Object, Integer> groups = new HashMap<>();
        for (String name : members()) {
            Map<?, ?> given = map(service(name), "environment");
            assertEquals(name, given.get("PATRONI_NAME"));
            assertEquals(name + ":8008", given.get("PATRONI_RESTAPI_CONNECT_ADDRESS"));
            assertEquals(name + ":5432", given.get("PATRONI_POSTGRESQL_CONNECT_ADDRESS"));
            assertEquals("g" + given.get("PATRONI_CITUS_GROUP"), name.substring(0, 2));
            groups.merge(Objects.requireNonNull(given.get("PATRONI_CITUS_GROUP")), 1, Integer::sum);
        }
        assertEquals(Map.of(0, 2, 1, 2, 2, 2), groups);
    }

    @Test
    void haproxy_serves_the_members_of_the_coordinators_group() throws IOException {
        String haproxy = Files.readString(Path.of("lab/docker/haproxy.cfg"));
        Set<String> served = new TreeSet<>();
        Pattern.compile("(?m)^  server (\\S+) (\\S+):5432 .*check port 8008$")
                .matcher(haproxy)
                .results()
                .forEach(one -> served.add(one.group(1) + "=" + one.group(2)));
        assertEquals(Set.of("g0m0=g0m0", "g0m1=g0m1"), served);
    }

    @Test
    void every_port_is_of_loopback_and_the_comment_names_it() {
        Set<String> published = new TreeSet<>();
        for (Object name : services.keySet()) {
            list(service(String.valueOf(name)), "ports").forEach(port -> {
                assertTrue(port.startsWith("127.0.0.1:"), port);
                published.add(port.split(":", -1)[1]);
            });
        }
        String comment = text.substring(0, text.indexOf("x-password"));
        assertEquals(Set.of("6432", "6433", "6543", "8404"), published);
        published.forEach(port -> assertTrue(comment.contains(port), port));
        assertTrue(comment.contains("\"run\", \"--rm\", \"-T\", \"mcp\""));
        assertTrue(services.containsKey("mcp"));
    }

    /** The server that the client starts there takes its environment without a complaint, and each address is a service. */
    @Test
    void the_servers_configuration_is_valid_and_names_what_is_there() {
        Map<String, String> environment = new HashMap<>();
        map(service("mcp"), "environment")
                .forEach((key, value) -> environment.put(
                        String.valueOf(key), String.valueOf(value).replaceAll("\\$\\{LAB_PASSWORD:-([^}]*)}", "$1")));
        environment.put("PGCLUSTER_MCP_STATE_DIR", home.toString());
        Settings settings = Settings.load(new Inputs(List.of(), environment, home, home, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        var hosts =
                Pattern.compile("(?:://|@)(?:[^@/,]*@)?([a-z][a-z0-9]*):\\d+").matcher(environment.toString());
        Set<String> named = new TreeSet<>();
        while (hosts.find()) {
            named.add(hosts.group(1));
        }
        assertEquals(Set.of("g0m0", "g1m0", "g2m0", "haproxy", "pgbouncer"), named);
        assertTrue(services.keySet().containsAll(named));
        assertEquals(
                Set.copyOf(members()),
                Set.of(Objects.requireNonNull(environment.get("PGCLUSTER_MCP_DISCOVERY_HOSTS"))
                        .split(",", -1)));
    }

    /** Compose itself reads it, which needs no engine. */
    @Test
    void compose_accepts_it() throws Exception {
        Path out = home.resolve("out");
        int code = -1;
        for (var compose : List.of("docker-compose", "docker compose")) {
            String command = compose + " version >/dev/null 2>&1 || exit 77; " + compose + " -f " + FILE + " config -q";
            Process process = new ProcessBuilder("sh", "-c", command)
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), compose);
            code = process.exitValue();
            if (code != 77) {
                break;
            }
        }
        Assumptions.assumeTrue(code != 77, "needs docker-compose or Docker's plugin of that name");
        assertEquals(0, code, Files.readString(out));
    }
}
