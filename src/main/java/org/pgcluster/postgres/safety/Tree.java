package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a dumped query tree names, by OID. The server breaks the dump into lines at spaces, and escapes every space
 * inside a user's name, so that a field and its value are always found once the lines are joined.
 */
final class Tree {
    private static final Pattern FUNCTION = Pattern.compile(
            ":(?:funcid|opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid|tsmhandler|startInRangeFunc|endInRangeFunc)"
                    + " (\\d+)");
    private static final Pattern OPERATOR = Pattern.compile(":(?:opno|eqop|sortop|\\w*neop) (\\d+)");
    private static final Pattern OPERATORS = Pattern.compile(":(?:opnos|uniq_in_operators) \\(o ([\\d ]+)\\)");
    private static final Pattern TYPE = Pattern.compile(":(?:\\w*(?:type|typid|typeid)) (\\d+)");
    private static final Pattern TYPES = Pattern.compile(":\\w*types \\(o ([\\d ]+)\\)");
    private static final Pattern TARGET =
            Pattern.compile(":(?:resulttype|funcresulttype|opresulttype|consttype|paramtype|typid) (\\d+)");
    private static final Pattern TARGETS = Pattern.compile(":(?:coltypes|funccoltypes) \\(o ([\\d ]+)\\)");
    private static final Pattern CONSTANT = Pattern.compile(":consttype (\\d+)");
    private static final Pattern RELATION = Pattern.compile(":relid (\\d+)");
    private static final Pattern COMMAND = Pattern.compile("QUERY :commandType (\\d+)");
    private static final Pattern ROW_MARKS = Pattern.compile(":hasForUpdate true|:rowMarks \\(");

    private final String text;

    private Tree(String text) {
        this.text = text;
    }

    static Tree of(String dump) {
        return new Tree(joined(dump));
    }

    /** Only at spaces does the server break lines; other white space is part of somebody's name. */
    static String joined(String dump) {
        return dump.replaceAll("[ \\n]+", " ");
    }

    String text() {
        return text;
    }

    Set<Long> functions() {
        return numbers(FUNCTION);
    }

    Set<Long> operators() {
        Set<Long> found = numbers(OPERATOR);
        found.addAll(lists(OPERATORS));
        return found;
    }

    Set<Long> types() {
        Set<Long> found = numbers(TYPE);
        found.addAll(lists(TYPES));
        return found;
    }

    /** Types that values are made into, so that a domain's CHECK runs; what is merely read was checked before. */
    Set<Long> targets() {
        Set<Long> found = numbers(TARGET);
        found.addAll(lists(TARGETS));
        return found;
    }

    Set<Long> constants() {
        return numbers(CONSTANT);
    }

    Set<Long> relations() {
        return numbers(RELATION);
    }

    List<Long> commands() {
        List<Long> found = new ArrayList<>();
        Matcher matcher = COMMAND.matcher(text);
        while (matcher.find()) {
            found.add(Long.parseLong(matcher.group(1)));
        }
        return found;
    }

    boolean locksRows() {
        return ROW_MARKS.matcher(text).find();
    }

    /** Only the calls whose arguments are all constant: those that planning itself runs when they stand in an index. */
    static Tree ofConstantCalls(String dump) {
        String whole = joined(dump);
        StringBuilder constant = new StringBuilder();
        Matcher matcher = Pattern.compile("\\{(?:FUNCEXPR|OPEXPR|COERCEVIAIO|SCALARARRAYOPEXPR|DISTINCTEXPR) ")
                .matcher(whole);
        while (matcher.find()) {
            String node = node(whole, matcher.start());
            if (!node.contains("{VAR ")) {
                constant.append(node).append(' ');
            }
        }
        return new Tree(constant.toString());
    }

    private static String node(String whole, int start) {
        int depth = 0;
        for (int i = start; i < whole.length(); i++) {
            char c = whole.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return whole.substring(start, i + 1);
            }
        }
        return whole.substring(start);
    }

    private Set<Long> numbers(Pattern pattern) {
        Set<Long> found = new TreeSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(Long.parseLong(matcher.group(1)));
        }
        found.remove(0L);
        return found;
    }

    private Set<Long> lists(Pattern pattern) {
        Set<Long> found = new TreeSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            for (String oid : matcher.group(1).trim().split(" ", -1)) {
                found.add(Long.parseLong(oid));
            }
        }
        return found;
    }
}
