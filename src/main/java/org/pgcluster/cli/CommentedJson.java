package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** JSON as editors allow it, with comments and commas before a closing bracket, changed in place so that both stay. */
final class CommentedJson {
    private final String text;

    /** The same text with each comment as blanks, so that every other character keeps its place. */
    private final String said;

    /** As {@link #said}, without the commas that JSON does not know. */
    private final String strict;

    CommentedJson(String text) {
        this.text = text;
        this.said = withoutComments(text);
        this.strict = withoutLastCommas(said);
    }

    private record Member(int from, int value, int to) {}

    String text() {
        return text;
    }

    boolean isPlain() {
        return strict.equals(text);
    }

    @Nullable
    Object read() {
        return JsonText.read(strict);
    }

    /** With that member in the object of that name, which is made where there is none; only where {@link #read} could. */
    String with(String object, String name, Object value) {
        Optional<Member> outer = member(open(0), object);
        if (outer.isEmpty()) {
            return added(open(0), object, "{\n    " + JsonText.write(name) + ": " + indented(value, "    ") + "\n  }");
        }
        int inner = outer.get().value();
        return member(inner, name)
                .map(there -> text.substring(0, there.value())
                        + indented(value, margin(there.from()))
                        + text.substring(there.to()))
                .orElseGet(() -> added(inner, name, indented(value, margin(inner) + "  ")));
    }

    /** Without that member of the object of that name, or, with an empty one, of the whole. */
    String without(String object, String name) {
        int inner = object.isEmpty()
                ? open(0)
                : member(open(0), object).orElseThrow().value();
        List<Member> members = members(inner);
        for (int i = 0; i < members.size(); i++) {
            Member gone = members.get(i);
            if (name(gone).equals(name)) {
                int comma = next(said, gone.to());
                boolean ends = said.charAt(comma) == ',';
                String left = cut(gone.from(), ends ? comma + 1 : gone.to());
                int before = i == 0 ? -1 : next(said, members.get(i - 1).to());
                return ends || before < 0 ? left : left.substring(0, before) + left.substring(before + 1);
            }
        }
        return text;
    }

    /** A member that had its lines for itself leaves no empty one. */
    private String cut(int from, int to) {
        int line = text.lastIndexOf('\n', from - 1);
        boolean begins = line >= 0 && text.substring(line, from).isBlank();
        boolean alone = begins && to < text.length() && text.charAt(to) == '\n';
        return text.substring(0, alone ? line : from) + text.substring(to);
    }

    private String added(int object, String name, String value) {
        List<Member> members = members(object);
        String outer = margin(object);
        String written = JsonText.write(name) + ": " + value;
        if (members.isEmpty()) {
            return text.substring(0, object + 1) + "\n" + outer + "  " + written + "\n" + outer
                    + text.substring(object + 1).stripLeading();
        }
        Member last = members.get(members.size() - 1);
        int comma = next(said, last.to());
        boolean there = said.charAt(comma) == ',';
        int end = there ? comma + 1 : last.to();
        int line = text.indexOf('\n', end);
        // A comment that ends the line is about what stands before it.
        int at = line >= 0 && said.substring(end, line).isBlank() ? line : end;
        return text.substring(0, end) + (there ? "" : ",") + text.substring(end, at) + "\n" + outer + "  " + written
                + text.substring(at);
    }

    private static String indented(Object value, String margin) {
        return ClientFile.pretty(value).replace("\n", "\n" + margin);
    }

    /** The blanks with which the line of this place begins. */
    private String margin(int place) {
        int line = text.lastIndexOf('\n', place) + 1;
        int end = line;
        while (end < place && Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        return text.substring(line, end);
    }

    private int open(int from) {
        return strict.indexOf('{', from);
    }

    private Optional<Member> member(int object, String name) {
        return members(object).stream().filter(one -> name(one).equals(name)).findFirst();
    }

    private String name(Member member) {
        return String.valueOf(JsonText.read(strict.substring(member.from(), end(member.from()))));
    }

    private List<Member> members(int object) {
        List<Member> members = new ArrayList<>();
        int at = next(strict, object + 1);
        while (strict.charAt(at) == '"') {
            int value = next(strict, next(strict, end(at)) + 1);
            int to = end(value);
            members.add(new Member(at, value, to));
            int after = next(strict, to);
            at = strict.charAt(after) == ',' ? next(strict, after + 1) : after;
        }
        return members;
    }

    /** Where the value ends that begins there. */
    private int end(int from) {
        int depth = 0;
        int at = from;
        do {
            char letter = strict.charAt(at);
            if (letter == '"') {
                at = afterQuoted(strict, at);
            } else {
                depth += letter == '{' || letter == '[' ? 1 : letter == '}' || letter == ']' ? -1 : 0;
                at++;
            }
        } while (depth > 0 || (at < strict.length() && isPartOfWord(strict.charAt(at - 1), strict.charAt(at))));
        return at;
    }

    /** Numbers, true, false and null. */
    private static boolean isPartOfWord(char letter, char next) {
        return "\"{}[]".indexOf(letter) < 0 && ",:{}[]".indexOf(next) < 0 && !Character.isWhitespace(next);
    }

    private static int next(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static int afterQuoted(String text, int from) {
        int at = from + 1;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(at + 1, text.length());
    }

    private static String withoutComments(String text) {
        StringBuilder said = new StringBuilder(text);
        int at = 0;
        while (at < text.length()) {
            int to = text.charAt(at) == '"' ? afterQuoted(text, at) : at + 1;
            if (text.startsWith("//", at)) {
                to = text.indexOf('\n', at) < 0 ? text.length() : text.indexOf('\n', at);
                blank(said, at, to);
            } else if (text.startsWith("/*", at) && text.indexOf("*/", at + 2) >= 0) {
                to = text.indexOf("*/", at + 2) + 2;
                blank(said, at, to);
            }
            at = to;
        }
        return said.toString();
    }

    private static String withoutLastCommas(String said) {
        StringBuilder strict = new StringBuilder(said);
        int at = 0;
        while (at < said.length()) {
            int after = next(said, at + 1);
            boolean closes = after < said.length() && "}]".indexOf(said.charAt(after)) >= 0;
            if (said.charAt(at) == ',' && closes) {
                strict.setCharAt(at, ' ');
            }
            at = said.charAt(at) == '"' ? afterQuoted(said, at) : at + 1;
        }
        return strict.toString();
    }

    private static void blank(StringBuilder said, int from, int to) {
        for (int at = from; at < to; at++) {
            if (said.charAt(at) != '\n') {
                said.setCharAt(at, ' ');
            }
        }
    }
}
