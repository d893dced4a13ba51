package org.pgcluster.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL and PgBouncer connections of one cluster: overrides laid over what was written, the coordinator's values
 * under what was left out. A password goes on to another address only with its user, and never from elsewhere to an address
 * that a file in the working directory names.
 */
final class Connections {
    private static final List<String> PLACE = List.of("host", "hostaddr", "port");

    private final Values values;
    private final Inputs inputs;
    private final Completion completion;
    private final boolean isDefault;
    private final boolean plaintext;

    private Optional<Dsn> coordinator = Optional.empty();
    private Optional<Dsn> direct = Optional.empty();
    private Optional<Dsn> admin = Optional.empty();
    private List<Dsn> workers = List.of();
    private List<Dsn> pgbouncers = List.of();
    private @Nullable Map<String, String> base;
    private @Nullable Map<String, String> directPlace;

    Connections(String name, Values values, Inputs inputs, Completion completion, boolean plaintext) {
        this.values = values;
        this.inputs = inputs;
        this.completion = completion;
        this.isDefault = name.equals(Layers.DEFAULT_CLUSTER);
        this.plaintext = plaintext;
    }

    void read() {
        base = readCoordinator();
        if (base != null) {
            coordinator = finished(Keys.COORDINATOR_DSN, new LinkedHashMap<>(base), 5432);
        }
        direct = readDirect();
        admin = readAdmin();
        workers = readList(Keys.WORKER_DSNS, 5432);
        pgbouncers = readList(Keys.PGBOUNCER_DSNS, 6432);
    }

    Optional<Dsn> coordinator() {
        return coordinator;
    }

    Optional<Dsn> direct() {
        return direct;
    }

    Optional<Dsn> admin() {
        return admin;
    }

    List<Dsn> workers() {
        return workers;
    }

    List<Dsn> pgbouncers() {
        return pgbouncers;
    }

    private boolean planted(Key<?> key) {
        var given = values.given(key);
        return given != null && given.planted();
    }

    private @Nullable Map<String, String> parsed(Key<?> key, @Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            var keywords = ConnectionText.read(text);
            if (planted(key) && reachesForFiles(key, keywords)) {
                return null;
            }
            return completion.withService(keywords);
        } catch (Unreadable wrong) {
            values.problem(key, key.name() + " " + wrong.text() + ".");
            return null;
        }
    }

    private boolean reachesForFiles(Key<?> key, Map<String, String> keywords) {
        for (var keyword : List.of("service", "servicefile", "passfile")) {
            if (keywords.containsKey(keyword)) {
                refuse(key, "may not use " + keyword);
                return true;
            }
        }
        var host = keywords.getOrDefault("host", "");
        if (host.startsWith("/") || host.startsWith("@") || host.contains(",/") || host.contains(",@")) {
            refuse(key, "may not name a Unix socket");
            return true;
        }
        return false;
    }

    private void refuse(Key<?> key, String what) {
        values.problem(
                key,
                key.name() + " in a file of the working directory " + what
                        + "; pass the file by --config if it is yours.");
    }

    private @Nullable Map<String, String> readCoordinator() {
        var keywords = parsed(Keys.COORDINATOR_DSN, values.text(Keys.COORDINATOR_DSN));
        boolean written = values.given(Keys.COORDINATOR_DSN) != null;
        if (keywords == null && (written || !isDefault || !completion.namesAPlace())) {
            values.text(Keys.COORDINATOR_USER);
            values.text(Keys.COORDINATOR_PASSWORD);
            return null;
        }
        var found = keywords == null ? new LinkedHashMap<String, String>() : keywords;
        override(Keys.COORDINATOR_DSN, Keys.COORDINATOR_USER, Keys.COORDINATOR_PASSWORD, found);
        if (isDefault) {
            completeFromVariables(found);
        }
        found.putIfAbsent("user", inputs.userName());
        found.putIfAbsent("dbname", found.getOrDefault("user", "postgres"));
        return found;
    }

    private void completeFromVariables(Map<String, String> found) {
        if (!planted(Keys.COORDINATOR_DSN)) {
            completion.fromVariables(found);
            return;
        }
        var variable = completion.firstThatWouldFill(found);
        if (variable != null) {
            refuse(Keys.COORDINATOR_DSN, "may not be completed by " + variable);
        }
    }

    private void override(Key<?> dsn, Key<String> user, Key<String> password, Map<String, String> found) {
        var otherUser = values.text(user);
        if (otherUser != null) {
            found.put("user", otherUser);
        }
        var otherPassword = values.text(password);
        if (otherPassword == null) {
            return;
        }
        if (planted(dsn) && !planted(password)) {
            values.problem(
                    dsn,
                    dsn.name() + " stands in a file of the working directory, and " + password.name() + " ("
                            + values.source(password)
                            + ") is not sent to an address that such a file names; pass the file by"
                            + " --config if it is yours.");
            return;
        }
        found.put("password", otherPassword);
    }

    private Optional<Dsn> readDirect() {
        var keywords = parsed(Keys.DIRECT_DSN, values.text(Keys.DIRECT_DSN));
        if (keywords == null) {
            return Optional.empty();
        }
        if (planted(Keys.DIRECT_DSN) && wouldReceiveASecret()) {
            refuse(Keys.DIRECT_DSN, "may not name where passwords from elsewhere are sent");
            return Optional.empty();
        }
        directPlace = keywords;
        var found = new LinkedHashMap<String, String>(base == null ? keywords : base);
        moveToDirect(found);
        return finished(Keys.DIRECT_DSN, found, 5432);
    }

    private boolean wouldReceiveASecret() {
        return values.given(Keys.ADMIN_DSN) != null
                || values.given(Keys.ADMIN_PASSWORD) != null
                || (coordinator.isPresent()
                        && coordinator.get().password().isPresent()
                        && !planted(Keys.COORDINATOR_DSN));
    }

    /** Host, port and TLS of direct_dsn; TLS that it leaves out stays as strict as it was. */
    private void moveToDirect(Map<String, String> found) {
        if (directPlace == null) {
            return;
        }
        for (var keyword : PLACE) {
            found.remove(keyword);
        }
        for (var entry : directPlace.entrySet()) {
            if (PLACE.contains(entry.getKey()) || isTls(entry.getKey())) {
                found.put(entry.getKey(), entry.getValue());
            }
        }
    }

    private static boolean isTls(String keyword) {
        return keyword.startsWith("ssl") || keyword.equals("channel_binding") || keyword.equals("gssencmode");
    }

    private Optional<Dsn> readAdmin() {
        var found = parsed(Keys.ADMIN_DSN, values.text(Keys.ADMIN_DSN));
        if (found == null) {
            values.text(Keys.ADMIN_USER);
            values.text(Keys.ADMIN_PASSWORD);
            return Optional.empty();
        }
        override(Keys.ADMIN_DSN, Keys.ADMIN_USER, Keys.ADMIN_PASSWORD, found);
        if (base != null && !planted(Keys.COORDINATOR_DSN)) {
            if (!found.containsKey("host") && !found.containsKey("hostaddr")) {
                inheritPlace(found, base);
            }
            inherit(found, base, true);
        }
        moveToDirect(found);
        return finished(Keys.ADMIN_DSN, found, 5432);
    }

    private static void inheritPlace(Map<String, String> found, Map<String, String> from) {
        for (var keyword : PLACE) {
            var value = from.get(keyword);
            if (value != null) {
                found.putIfAbsent(keyword, value);
            }
        }
    }

    private static void inherit(Map<String, String> found, Map<String, String> from, boolean withPassword) {
        var user = found.get("user");
        boolean sameUser = user == null || user.equals(from.get("user"));
        for (var entry : from.entrySet()) {
            var keyword = entry.getKey();
            boolean isPassword = keyword.equals("password");
            if (!PLACE.contains(keyword) && (!isPassword || (sameUser && withPassword))) {
                found.putIfAbsent(keyword, entry.getValue());
            }
        }
    }

    private List<Dsn> readList(Key<String> key, int port) {
        var read = new ArrayList<Dsn>();
        for (var text : values.connections(key)) {
            var keywords = parsed(key, text);
            if (keywords == null) {
                continue;
            }
            if (key.equals(Keys.WORKER_DSNS) && base != null) {
                inheritAsWorker(keywords, base);
            } else if (key.equals(Keys.PGBOUNCER_DSNS)) {
                keywords.putIfAbsent("dbname", "pgbouncer");
            }
            finished(key, keywords, port).ifPresent(read::add);
        }
        return read;
    }

    private void inheritAsWorker(Map<String, String> worker, Map<String, String> from) {
        boolean withheld = planted(Keys.WORKER_DSNS) && !planted(Keys.COORDINATOR_DSN);
        if (withheld
                && !worker.containsKey("password")
                && coordinator.flatMap(Dsn::password).isPresent()) {
            refuse(Keys.WORKER_DSNS, "may not name where the coordinator's password from elsewhere is sent");
        }
        inherit(worker, from, !withheld);
    }

    private Optional<Dsn> finished(Key<?> key, Map<String, String> keywords, int port) {
        keywords.putIfAbsent("user", inputs.userName());
        try {
            var dsn = ConnectionText.dsn(keywords, port);
            if (dsn.password().isEmpty()) {
                dsn = withPgpass(key, dsn, keywords.get("passfile"));
            }
            judgePlaintext(key, dsn);
            return Optional.of(dsn);
        } catch (Unreadable wrong) {
            values.problem(key, key.name() + " " + wrong.text() + ".");
            return Optional.empty();
        }
    }

    private Dsn withPgpass(Key<?> key, Dsn dsn, @Nullable String passfile) {
        var password = completion.password(dsn, passfile);
        if (password == null) {
            return dsn;
        }
        if (planted(key) || (key.equals(Keys.ADMIN_DSN) && planted(Keys.DIRECT_DSN))) {
            refuse(key, "may not be completed by pgpass");
            return dsn;
        }
        return new Dsn(dsn.hosts(), dsn.database(), dsn.user(), Optional.of(new Secret(password)), dsn.parameters());
    }

    private void judgePlaintext(Key<?> key, Dsn dsn) {
        var remote = dsn.password().isEmpty() || plaintext ? null : dsn.remoteHost();
        var sslmode = dsn.parameters().getOrDefault("sslmode", "prefer");
        if (remote == null || sslmode.startsWith("verify") || sslmode.equals("require")) {
            return;
        }
        var text = "the password for " + remote + " could go over the network in clear text with sslmode=" + sslmode
                + "; use sslmode=require or stricter, or allow it with allow_plaintext: true.";
        if (sslmode.equals("prefer")) {
            values.warn(key, text);
        } else {
            values.problem(key, text);
        }
    }
}
