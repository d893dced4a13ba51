package org.pgcluster.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Nearest;

/** Reads a configuration file into the layers: flat, or with {@code clusters:}. */
final class FileLayer {
    private static final String NO_CLUSTER = "";

    private final FileSearch.Found file;
    private final Layers layers;
    private final Secrets secrets;
    private final Problems problems;

    FileLayer(FileSearch.Found file, Layers layers, Secrets secrets, Problems problems) {
        this.file = file;
        this.layers = layers;
        this.secrets = secrets;
        this.problems = problems;
    }

    void read() {
        var duplicates = new Duplicates();
        try {
            var node = parse(duplicates);
            if (node instanceof Node.Fields fields) {
                top(fields);
            } else if (!(node instanceof Node.Scalar scalar && scalar.absent())) {
                throw new Unreadable(node.line(), "The file must be a map of keys.");
            }
        } catch (Unreadable wrong) {
            problems.add("config", source(wrong.line()), wrong.text());
        }
        for (var twice : duplicates.found()) {
            problems.add("config", source(twice.line()), twice.text());
        }
    }

    private Node parse(Duplicates duplicates) throws Unreadable {
        var name = file.path().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".yaml") || name.endsWith(".yml")) {
            return Yaml.read(file.text(), duplicates);
        }
        if (name.endsWith(".toml")) {
            return Toml.read(file.text(), duplicates);
        }
        if (name.endsWith(".json")) {
            return Flow.json(file.text(), duplicates);
        }
        throw new Unreadable(1, "A configuration file ends in .yaml, .yml, .json or .toml.");
    }

    private String source(int line) {
        return "file " + file.path() + ":" + line;
    }

    private void top(Node.Fields fields) {
        boolean named = fields.nodes().containsKey("clusters");
        for (var entry : fields.nodes().entrySet()) {
            if (entry.getKey().equals("clusters")) {
                clusters(entry.getValue());
            } else {
                entry(NO_CLUSTER, "", entry.getKey(), entry.getValue(), named);
            }
        }
    }

    private void clusters(Node node) {
        if (!(node instanceof Node.Fields clusters) || clusters.nodes().isEmpty()) {
            problems.add("clusters", source(node.line()), "clusters maps a name to the keys of that cluster.");
            return;
        }
        for (var entry : clusters.nodes().entrySet()) {
            var name = entry.getKey();
            if (!isName(name) || !(entry.getValue() instanceof Node.Fields keys)) {
                problems.add(
                        "clusters",
                        source(entry.getValue().line()),
                        "clusters maps a name (letters, digits, - and _) to keys; `" + Shown.cut(name) + "` does not.");
                continue;
            }
            layers.ofCluster(name);
            for (var key : keys.nodes().entrySet()) {
                entry(name, "", key.getKey(), key.getValue(), true);
            }
        }
    }

    private static boolean isName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean plain =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            if (!plain) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= 63;
    }

    private void entry(String cluster, String prefix, String name, Node node, boolean named) {
        var full = prefix.concat(name);
        if (node instanceof Node.Fields fields) {
            if (full.equals("expect") || full.equals("postgres") || full.equals("patroni") || full.equals("haproxy")) {
                for (var inner : fields.nodes().entrySet()) {
                    entry(cluster, full.concat("."), inner.getKey(), inner.getValue(), named);
                }
                return;
            }
        }
        var key = Keys.byFileName(full);
        boolean inFile = false;
        if (key == null && full.endsWith("_file")) {
            key = Keys.byFileName(full.substring(0, full.length() - 5));
            inFile = key != null && key.secret();
            key = inFile ? key : null;
        }
        if (key == null) {
            unknown(full, node);
        } else if (isInPlace(cluster, key, node, named) && isAllowed(full, key, node)) {
            offer(cluster, key, node, inFile);
        }
    }

    private boolean isInPlace(String cluster, Key<?> key, Node node, boolean named) {
        if (!cluster.equals(NO_CLUSTER) && !key.perCluster()) {
            problems.add(
                    key.name(),
                    source(node.line()),
                    key.name() + " is for the whole server; write it beside clusters.");
            return false;
        }
        if (cluster.equals(NO_CLUSTER) && named && key.perCluster()) {
            problems.add(
                    key.name(),
                    source(node.line()),
                    key.name() + " belongs to a cluster; write it under clusters and a name.");
            return false;
        }
        return true;
    }

    private boolean isAllowed(String written, Key<?> key, Node node) {
        if (!file.planted()) {
            return true;
        }
        var what = PlantedRule.forbids(key, written)
                ? "may not set " + written
                : PlantedRule.usesVariable(node) ? "may not use ${…}" : null;
        if (what == null) {
            return true;
        }
        problems.add(
                key.name(),
                source(node.line()),
                "A file that lies in the working directory " + what + "; pass it by --config if it is yours.");
        return false;
    }

    private void unknown(String name, Node node) {
        if (isCitusFile() && NewerKeys.contains(name)) {
            problems.warn(name, source(node.line()), name + " has no meaning here.");
            return;
        }
        var names = new ArrayList<String>();
        names.add("clusters");
        for (var key : Keys.ALL) {
            names.add(key.name());
        }
        var nearest = Nearest.of(name, names);
        problems.add(
                name,
                source(node.line()),
                "There is no key " + Shown.cut(name) + (nearest == null ? "." : ". Did you mean " + nearest + "?"));
    }

    private boolean isCitusFile() {
        for (Path part : file.path()) {
            if (part.toString().startsWith("citus-mcp")) {
                return true;
            }
        }
        return false;
    }

    private void offer(String cluster, Key<?> key, Node node, boolean inFile) {
        var given = given(key, node);
        if (given == null) {
            return;
        }
        if (inFile) {
            given = secrets.fromFile(key, given.text(), given.source(), file.planted());
        }
        if (given != null) {
            if (cluster.equals(NO_CLUSTER)) {
                layers.offer(key, given);
            } else {
                layers.offer(cluster, key, given);
            }
        }
    }

    private @Nullable Given given(Key<?> key, Node node) {
        var source = source(node.line());
        if (node instanceof Node.Scalar scalar) {
            return scalar.absent() ? null : new Given(scalar.text().strip(), null, source, file.planted());
        }
        boolean takesList = key.form() == Key.Form.LIST || key.form() == Key.Form.DSNS || key.form() == Key.Form.URLS;
        if (node instanceof Node.Items items && takesList) {
            var texts = texts(items);
            if (texts != null) {
                return new Given(String.join(", ", texts), texts, source, file.planted());
            }
        }
        problems.add(key.name(), source, key.name() + " " + key.takes() + ".");
        return null;
    }

    private static @Nullable List<String> texts(Node.Items items) {
        var texts = new ArrayList<String>();
        for (var item : items.nodes()) {
            if (!(item instanceof Node.Scalar scalar) || scalar.absent()) {
                return null;
            }
            texts.add(scalar.text().strip());
        }
        return texts;
    }
}
