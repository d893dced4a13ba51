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
    /** The built-in jsonb_populate_record_valid, jsonb_populate_record, json_populate_record, the same for sets; and any of users. */
    private static final Pattern FILL = Pattern.compile(
            ":funcid 6338 |:(?:funcid|opfuncid) (?:3209|3475|3960|3961|[1-9]\\d{5,}|[2-9]\\d{4}|1[7-9]\\d{3}|16[4-9]\\d\\d|1639\\d|1638[4-9])"
                    + " :(?:func|op)resulttype 2249 ");

    private static final Pattern RELATION = Pattern.compile(":relid (\\d+)");
    private static final Pattern COMMAND = Pattern.compile("QUERY :commandType (\\d+)");
    private static final Pattern ROW_MARKS = Pattern.compile(":hasForUpdate true|:rowMarks \\(");

    private static final Pattern CALL =
            Pattern.compile("\\{(?:FUNCEXPR|OPEXPR|COERCEVIAIO|SCALARARRAYOPEXPR|DISTINCTEXPR) ");
    private static final Pattern OF_USERS = Pattern.compile(":(?:funcid|opfuncid) [0-9]{5,}");

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

    /** Whether it calls what may fill a record that has no type of its own but the types of its columns. */
    boolean fillsRecords() {
        return FILL.matcher(text).find();
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

    /** Only the calls that may be constant: those planning itself runs when they stand in an index. */
    static Tree ofConstantCalls(String dump) {
        String whole = joined(dump);
        StringBuilder constant = new StringBuilder();
        Matcher matcher = CALL.matcher(whole);
        while (matcher.find()) {
            String node = node(whole, matcher.start());
            if (mayBeConstant(node)) {
                constant.append(node).append(' ');
            }
        }
        return new Tree(constant.toString());
    }

    private static boolean mayBeConstant(String call) {
        return children(call).stream().noneMatch(Tree::varies);
    }

    /** Surely depends on a column, whatever is simplified: no NULL takes its place, and nobody's function is inlined. */
    private static boolean varies(String node) {
        List<String> children = children(node);
        return switch (node.substring(1, node.indexOf(' '))) {
            case "VAR" -> true;
            case "COALESCE", "COALESCEEXPR" -> !children.isEmpty() && varies(children.get(0));
            case "RELABELTYPE", "COERCEVIAIO", "FUNCEXPR", "OPEXPR" ->
                !OF_USERS.matcher(node).find()
                        && children.stream().anyMatch(Tree::varies)
                        && children.stream().allMatch(child -> varies(child) || isValue(child));
            default -> false;
        };
    }

    private static boolean isValue(String node) {
        return node.startsWith("{CONST ") && node.contains(":constisnull false");
    }

    private static List<String> children(String node) {
        List<String> found = new ArrayList<>();
        for (int i = 1; i < node.length(); i++) {
            char c = node.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '{') {
                String child = node(node, i);
                found.add(child);
                i += child.length() - 1;
            }
        }
        return found;
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
