package org.pgcluster.offers;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;

/**
 * A prompt as its file has it: a title, a sentence that describes it, arguments, the tools without which it is not
 * offered, and a procedure. In the procedure
 *
 * <ul>
 *   <li>a tool stands as a call, {@code list_shards(table={table})}, and a paragraph that calls one which is not listed
 *       here is left out;
 *   <li>{@code {name}} is the argument's value; where it is not given, a call goes without it, and a paragraph that has
 *       it outside a call is left out;
 *   <li>a paragraph that begins with {@code if NAME:} or {@code unless NAME:} stands only where that argument is given,
 *       or that tool listed, or not;
 *   <li>{@code #.} is numbered.
 * </ul>
 */
record PromptText(
        String name,
        String title,
        String description,
        List<Argument> arguments,
        List<String> needs,
        List<String> paragraphs) {
    /**
     * {@code takes} names what its values are, or lists them with {@code |} between them, where {@code …} at the end says that
     * there may be others; after {@code like} stand some that are proposed beside any other.
     */
    record Argument(String name, String takes, boolean required, String description) {
        private static final String LIKE = " like ";
        private static final String OTHERS = "…";

        String kind() {
            return takes.contains(LIKE) ? takes.substring(0, takes.indexOf(LIKE)) : takes;
        }

        static List<String> proposed(String takes) {
            String values = takes.substring(takes.contains(LIKE) ? takes.indexOf(LIKE) + LIKE.length() : 0);
            return values.contains("|")
                    ? Stream.of(values.split("\\|", -1))
                            .filter(one -> !one.equals(OTHERS))
                            .toList()
                    : List.of();
        }

        /** The value as the tools take it, which are not asked before somebody follows the text. */
        String checked(String value) {
            if (kind().equals("number") && !value.strip().matches("\\d{1,9}")) {
                throw ToolException.invalidInput(
                        "`" + name + "` takes a whole number, not `" + value + "`.", description);
            }
            Optional<String> one = proposed(takes).stream()
                    .filter(known -> known.equalsIgnoreCase(value.strip()))
                    .findFirst();
            if (one.isEmpty() && kind().contains("|") && !kind().endsWith(OTHERS)) {
                throw ToolException.invalidInput(
                        "`" + name + "` is one of " + String.join(", ", proposed(takes)) + ", not `" + value + "`.",
                        description);
            }
            return one.orElse(value);
        }
    }

    /** A call in a text: the tool and what stands in its brackets. */
    static final Pattern CALL = Pattern.compile("\\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+|ping)\\(([^()]*)\\)");

    private static final Pattern ARGUMENT = Pattern.compile("- (\\w+) \\(([^,)]+)(, required)?\\): (.+)");
    static final Pattern CONDITION = Pattern.compile("(if|unless) (\\w+): ");
    private static final Pattern PLACE = Pattern.compile("\\{(\\w+)}");
    private static final Pattern UNGIVEN = Pattern.compile("(, )?\\w+=\\{\\w+}");
    private static final String TITLE = "# ";
    private static final String NEEDS = "Needs: ";

    static PromptText parse(String name, String file) {
        List<String> blocks = List.of(file.strip().split("\n\\s*\n", -1));
        List<String> head = List.of(blocks.get(0).split("\n", -1));
        List<Argument> arguments = new ArrayList<>();
        List<String> needs = List.of();
        for (String line : head.subList(2, head.size())) {
            Matcher argument = ARGUMENT.matcher(line);
            if (argument.matches()) {
                arguments.add(new Argument(
                        argument.group(1), argument.group(2), argument.group(3) != null, argument.group(4)));
            } else if (line.startsWith(NEEDS)) {
                needs = List.of(line.substring(NEEDS.length()).split(", ", -1));
            } else {
                throw new IllegalArgumentException(name + " has a line that says nothing: " + line);
            }
        }
        return new PromptText(
                name,
                head.get(0).substring(TITLE.length()),
                head.get(1),
                List.copyOf(arguments),
                needs,
                blocks.subList(1, blocks.size()).stream()
                        .map(block -> block.replaceAll("\n(?! *- )\\s*", " "))
                        .toList());
    }

    /** Every tool that the procedure calls anywhere. */
    Set<String> tools() {
        Set<String> tools = new LinkedHashSet<>();
        for (String paragraph : paragraphs) {
            tools.addAll(calledIn(paragraph));
        }
        return tools;
    }

    private static Set<String> calledIn(String paragraph) {
        Set<String> tools = new LinkedHashSet<>();
        Matcher call = CALL.matcher(paragraph);
        while (call.find()) {
            tools.add(call.group(1));
        }
        return tools;
    }

    String text(Map<String, String> given, Set<String> listed) {
        StringBuilder text = new StringBuilder();
        int steps = 0;
        for (String written : paragraphs) {
            Matcher condition = CONDITION.matcher(written);
            boolean conditional = condition.lookingAt();
            String paragraph = conditional ? written.substring(condition.end()) : written;
            boolean holds = !conditional
                    || condition.group(1).equals("if")
                            == (given.containsKey(condition.group(2)) || listed.contains(condition.group(2)));
            if (!holds || !listed.containsAll(calledIn(paragraph))) {
                continue;
            }
            String said = withoutUngiven(paragraph, given);
            if (!given.keySet().containsAll(namesIn(said))) {
                continue;
            }
            if (said.startsWith("#. ")) {
                steps++;
                said = steps + said.substring(1);
            }
            text.append(text.isEmpty() ? "" : "\n\n").append(filled(said, given));
        }
        return text.toString();
    }

    private static String withoutUngiven(String paragraph, Map<String, String> given) {
        return CALL.matcher(paragraph).replaceAll(call -> {
            String inside = UNGIVEN.matcher(call.group(2))
                    .replaceAll(pair -> given.keySet().containsAll(namesIn(pair.group()))
                            ? Matcher.quoteReplacement(pair.group())
                            : "");
            String tidy = inside.startsWith(", ") ? inside.substring(2) : inside;
            return Matcher.quoteReplacement(call.group(1) + "(" + tidy + ")");
        });
    }

    private static Set<String> namesIn(String text) {
        Set<String> names = new LinkedHashSet<>();
        Matcher place = PLACE.matcher(text);
        while (place.find()) {
            names.add(place.group(1));
        }
        return names;
    }

    /** Values stand as JSON texts: what a person typed can end neither a call nor a paragraph. */
    private static String filled(String text, Map<String, String> given) {
        return PLACE.matcher(text)
                .replaceAll(place -> Matcher.quoteReplacement(JsonText.write(given.get(place.group(1)))));
    }
}
