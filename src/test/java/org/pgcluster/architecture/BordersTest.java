package org.pgcluster.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.cluster.ActingTier;
import org.pgcluster.config.Secret;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.patroni.Patroni;
import org.pgcluster.pgbouncer.PgBouncer;

/** Which package may know which: the whole table, and the rules that it cannot say. */
class BordersTest {
    private static final String ROOT = "org.pgcluster";
    private static final Path SOURCES = Path.of("src/main/java");
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @ParameterizedTest(name = "{0} knows only {1}")
    @CsvSource(delimiter = '|', textBlock = """
            error     | ''
            call      | error
            shape     | error
            config    | error shape
            postgres  | call config error
            wire      | call config error
            http      | call config error wire
            patroni   | call config error shape wire http
            haproxy   | call config error wire http
            pgbouncer | call config error wire
            cluster   | call config error shape postgres wire patroni haproxy pgbouncer http
            citus     | call error shape cluster postgres
            snapshot  | call error shape cluster postgres citus patroni haproxy pgbouncer config wire
            checks    | snapshot citus patroni haproxy pgbouncer
            tool      | call error shape cluster postgres http
            toolsets  | call config error shape cluster citus patroni haproxy pgbouncer postgres snapshot checks tool http
            audit     | config error
            guard     | config error
            render    | error shape tool
            dispatch  | call config error shape postgres cluster tool toolsets audit guard render http patroni haproxy pgbouncer
            mcp       | call error shape tool guard dispatch
            offers    | call config error shape dispatch mcp
            """)
    // wire: HAProxy's socket and PgBouncer's console share it, and TLS from PEM files with http.
    // dispatch knows the components because it alone tells them what a person approved.
    // checks know the components for the records that snapshots are made of; that they do no I/O is a rule of its own.
    void a_package_knows_only_those_below_it(String from, String allowed) {
        Set<String> known = new TreeSet<>(Arrays.asList(allowed.split(" ")));
        known.add(from);
        Set<String> beyond = new TreeSet<>();
        for (JavaClass one : OURS) {
            if (inTop(one, from)) {
                one.getDirectDependenciesFromSelf().forEach(dependency -> {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    if (target.getPackageName().startsWith(ROOT) && !known.contains(top(target))) {
                        beyond.add(dependency.getDescription());
                    }
                });
            }
        }
        assertEquals(Set.of(), beyond);
    }

    @Test
    void every_package_has_its_row() {
        Set<String> rows = Set.of(
                "error",
                "call",
                "shape",
                "config",
                "postgres",
                "wire",
                "http",
                "patroni",
                "haproxy",
                "pgbouncer",
                "cluster",
                "citus",
                "snapshot",
                "checks",
                "tool",
                "toolsets",
                "audit",
                "guard",
                "render",
                "dispatch",
                "mcp",
                "offers");
        Set<String> without = OURS.stream().map(BordersTest::top).collect(Collectors.toCollection(TreeSet::new));
        without.removeAll(rows);
        without.removeAll(Set.of("", "cli")); // these two may know all
        assertEquals(Set.of(), without);
    }

    @ParameterizedTest(name = "{0} is used in {1} only")
    @CsvSource({
        "io.modelcontextprotocol.., org.pgcluster.mcp..",
        "java.sql..,                org.pgcluster.postgres..",
        "org.postgresql..,          org.pgcluster.postgres..",
        "com.zaxxer..,              org.pgcluster.postgres..",
        "java.net.http..,           org.pgcluster.http..",
        "picocli..,                 org.pgcluster.cli..",
    })
    void a_library_has_one_home(String library, String home) {
        noClasses()
                .that()
                .resideOutsideOfPackage(home)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(OURS);
    }

    @Test
    void packages_form_no_cycle() {
        slices().matching("org.pgcluster.(*)..").should().beFreeOfCycles().check(OURS);
    }

    @Test
    void no_toolset_knows_another() {
        slices().matching("org.pgcluster.toolsets.(*)..")
                .should()
                .notDependOnEachOther()
                .check(OURS);
    }

    @Test
    void checks_touch_no_clock_and_no_input_or_output() {
        noClasses()
                .that()
                .resideInAPackage("org.pgcluster.checks..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.sql..", "org.slf4j..")
                .orShould()
                .callMethodWhere(reads_a_clock())
                .check(OURS);
    }

    private static DescribedPredicate<JavaAccess<?>> reads_a_clock() {
        Set<String> clocks = Set.of("now", "currentTimeMillis", "nanoTime");
        return DescribedPredicate.describe(
                "it reads a clock",
                access -> clocks.contains(access.getTarget().getName())
                        && access.getTargetOwner().getPackageName().startsWith("java."));
    }

    @Test
    void a_secret_is_revealed_in_few_places() {
        assertEquals(
                Set.of(
                        "org.pgcluster.audit.Masks",
                        "org.pgcluster.guard.Key",
                        "org.pgcluster.postgres.DriverSettings",
                        "org.pgcluster.http.Http",
                        "org.pgcluster.pgbouncer.Login"),
                outside(ROOT + ".config", callersOf(Secret.class, "reveal")));
    }

    @Test
    void only_dispatch_takes_the_means_to_act() {
        Set<String> callers = callersOf(ActingTier.class, "open");
        callers.addAll(callersOf(ActingTier.class, "advisoryLock"));
        assertEquals(Set.of("org.pgcluster.dispatch.Started"), callers);
    }

    @ParameterizedTest(name = "only dispatch changes anything through {0}")
    @ValueSource(classes = {Patroni.class, HaProxy.class, PgBouncer.class})
    void only_dispatch_tells_a_component_to_change(Class<?> component) {
        assertEquals(Set.of("org.pgcluster.dispatch.Requests"), callersOf(component, "change"));
    }

    private static Set<String> callersOf(Class<?> owner, String method) {
        Set<String> callers = new TreeSet<>();
        for (JavaClass one : OURS) {
            one.getAccessesFromSelf().stream()
                    .filter(access -> access.getTargetOwner().isEquivalentTo(owner)
                            && access.getTarget().getName().equals(method)
                            && !one.isEquivalentTo(owner))
                    .forEach(access -> callers.add(outermost(one)));
        }
        return callers;
    }

    private static Set<String> outside(String home, Set<String> classes) {
        return classes.stream().filter(name -> !name.startsWith(home + ".")).collect(Collectors.toSet());
    }

    @Test
    void only_the_ends_write_to_standard_output() {
        classes()
                .that(DescribedPredicate.describe("read System.out", BordersTest::readsOut))
                .should()
                .resideInAnyPackage("org.pgcluster", "org.pgcluster.mcp..", "org.pgcluster.cli..")
                .check(OURS);
    }

    private static boolean readsOut(JavaClass one) {
        return one.getFieldAccessesFromSelf().stream()
                .anyMatch(access -> access.getTargetOwner().isEquivalentTo(System.class)
                        && access.getTarget().getName().equals("out"));
    }

    @Test
    void every_package_is_null_marked() throws IOException {
        List<Path> without = new ArrayList<>();
        int packages = 0;
        try (var folders = Files.walk(SOURCES)) {
            for (Path folder : folders.filter(BordersTest::holdsJava).toList()) {
                packages++;
                Path info = folder.resolve("package-info.java");
                if (!Files.exists(info) || !Files.readString(info).contains("NullMarked")) {
                    without.add(folder);
                }
            }
        }
        assertEquals(List.of(), without);
        assertTrue(packages > 15, "looked at " + packages + " packages only");
    }

    private static boolean holdsJava(Path folder) {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (var files = Files.list(folder)) {
            return files.anyMatch(file -> file.toString().endsWith(".java"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static boolean inTop(JavaClass one, String name) {
        return top(one).equals(name);
    }

    /** The part of the package's name right below ours; empty for the root itself. */
    private static String top(JavaClass one) {
        String rest = one.getPackageName().substring(ROOT.length());
        if (rest.isEmpty()) {
            return "";
        }
        int dot = rest.indexOf('.', 1);
        return dot < 0 ? rest.substring(1) : rest.substring(1, dot);
    }

    private static String outermost(JavaClass one) {
        int dollar = one.getName().indexOf('$');
        return dollar < 0 ? one.getName() : one.getName().substring(0, dollar);
    }
}
