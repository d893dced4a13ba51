package org.pgcluster.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The README's transcripts: blocks of {@code console}, in which a line that begins with a dollar is a command. */
record Readme(List<Part> parts) {
    /** Named after the JAR and the Java that made it. */
    private static final Pattern ARCHIVE = Pattern.compile("pgcluster-mcp-\\S+\\.jsa");

    private static final Pattern NUMBER = Pattern.compile("[0-9]+(\\.[0-9]+)*");
    private static final Pattern REQUEST = Pattern.compile("\\b[a-z]+-[a-z]+-9\\b");

    /** {@code command} is empty for what is no transcript. */
    record Part(String command, List<String> lines) {}

    static Readme of(String text) {
        List<Part> parts = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        String command = "";
        boolean transcript = false;
        for (String line : text.split("\n", -1)) {
            boolean begins = line.equals("```console");
            boolean ends = transcript && line.equals("```");
            boolean asks = transcript && line.startsWith("$ ");
            if (ends || asks) {
                parts.add(new Part(command, lines));
                lines = new ArrayList<>();
                command = asks ? line.substring(2) : "";
            }
            if (!asks) {
                lines.add(line);
            }
            transcript = begins || (transcript && !ends);
        }
        parts.add(new Part(command, lines));
        return new Readme(parts);
    }

    String text() {
        List<String> lines = new ArrayList<>();
        for (Part part : parts) {
            if (!part.command().isEmpty()) {
                lines.add("$ " + part.command());
            }
            lines.addAll(part.lines());
        }
        return String.join("\n", lines);
    }

    /** What stays the same from run to run: neither figures nor the names of requests. */
    static List<String> shape(List<String> lines) {
        return lines.stream()
                .map(line -> ARCHIVE.matcher(line).replaceAll("pgcluster-mcp.jsa"))
                .map(line -> REQUEST.matcher(NUMBER.matcher(line).replaceAll("9"))
                        .replaceAll("name")
                        .replaceAll("T9:9:9Z", "T9Z"))
                .toList();
    }
}
