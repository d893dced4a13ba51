package org.pgcluster.render;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** A copy of an answer whose lists can be shortened. Used by one thread, for one answer. */
final class Cuts {
    private static final int SHORTEST_TEXT = 200;

    private final Map<String, @Nullable Object> structured;
    private final List<Place> lists = new ArrayList<>();
    private final List<Place> heads = new ArrayList<>();
    private final List<Place> texts = new ArrayList<>();
    private final Map<String, String> told = new LinkedHashMap<>();

    /** Where a value stands: which object has it under which name. */
    private record Place(String path, Map<String, @Nullable Object> owner, String name) {
        List<?> list() {
            return owner.get(name) instanceof List<?> list ? list : List.of();
        }

        int length() {
            return owner.get(name) instanceof String text ? text.length() : 0;
        }
    }

    Cuts(Map<String, ? extends @Nullable Object> answer) {
        structured = copy("", answer);
    }

    Map<String, @Nullable Object> structured() {
        return structured;
    }

    String told() {
        return String.join(" ", told.values());
    }

    void toRows(int most) {
        for (var place : lists) {
            if (place.list().size() > most) {
                keep(place, most, "max_rows");
            }
        }
    }

    /** Takes rows off the list that weighs most; where no list has any left, the end of the longest text. */
    boolean shorten(long excess) {
        Place heaviest = null;
        var most = 0;
        for (var place : lists) {
            var weight =
                    place.list().isEmpty() ? 0 : JsonText.write(place.list()).length();
            if (weight > most) {
                most = weight;
                heaviest = place;
            }
        }
        if (heaviest == null) {
            return shortenText(excess) || shortenHeads(excess);
        }
        var list = heaviest.list();
        var kept = list.size();
        long freed = 0;
        // A row stands in the text and in the structured content: it frees about twice what it weighs.
        while (kept > 0 && freed < excess) {
            freed += 2L * JsonText.write(list.get(--kept)).length();
        }
        keep(heaviest, kept, "max_text_bytes");
        return true;
    }

    /** Where not even the names of the columns fit, no row does. */
    private boolean shortenHeads(long excess) {
        for (var place : heads) {
            var list = place.list();
            var kept = list.size();
            long freed = 0;
            while (kept > 0 && freed < excess) {
                freed += JsonText.write(list.get(--kept)).length();
            }
            if (kept < list.size()) {
                place.owner().put(place.name(), new ArrayList<>(list.subList(0, kept)));
                told.put(place.path(), "Of its columns the first " + kept + " are named.");
                return true;
            }
        }
        return false;
    }

    private boolean shortenText(long excess) {
        Place longest = null;
        for (var place : texts) {
            if (place.length() > (longest == null ? SHORTEST_TEXT : longest.length())) {
                longest = place;
            }
        }
        if (longest == null || !(longest.owner().get(longest.name()) instanceof String text)) {
            return false;
        }
        var kept = (int) Math.max(SHORTEST_TEXT / 2, text.length() - excess - SHORTEST_TEXT / 2);
        var end = Character.isHighSurrogate(text.charAt(kept - 1)) ? kept - 1 : kept;
        longest.owner().put(longest.name(), text.substring(0, end) + "…(" + (text.length() - end) + " more)");
        told.put(longest.path(), longest.path() + " is cut to fit max_text_bytes.");
        return true;
    }

    private void keep(Place place, int kept, String limit) {
        place.owner().put(place.name(), new ArrayList<>(place.list().subList(0, kept)));
        place.owner().put("more", true);
        if (place.owner().get("rest") instanceof Map<?, ?> rest) {
            place.owner().put("rest", shortened(rest, kept));
        }
        told.put(
                place.path(),
                kept == 0 && place.owner().get("columns") instanceof List<?> columns
                        ? "No row of these " + columns.size() + " columns fits into " + limit
                                + ": name the columns that you need instead of *, with left(column, n) for long ones."
                        : place.path() + " is cut to its first " + kept + " by " + limit
                                + ": narrow it or ask for fewer.");
    }

    /** The tool's cursor stands behind rows that are no longer shown; following it would lose them. */
    private static Map<String, @Nullable Object> shortened(Map<?, ?> rest, int kept) {
        var shortened = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : rest.entrySet()) {
            shortened.put((String) entry.getKey(), entry.getValue());
        }
        shortened.put("shown", kept);
        shortened.put("cursor", null);
        return shortened;
    }

    private Map<String, @Nullable Object> copy(String path, Map<?, ?> given) {
        var copied = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : given.entrySet()) {
            var name = (String) entry.getKey();
            var where = path.isEmpty() ? name : path + "." + name;
            var value = entry.getValue();
            if (name.equals(Words.PLAN)) {
                copied.put(name, value);
            } else if (value instanceof Map<?, ?> map) {
                copied.put(name, copy(where, map));
            } else if (value instanceof List<?> list) {
                copied.put(name, list);
                if (name.equals("columns") && given.containsKey("rows")) { // the heads of a table, not its contents
                    heads.add(new Place(where, copied, name));
                } else if (!name.equals(Words.UNAVAILABLE)) {
                    lists.add(new Place(where, copied, name));
                }
            } else {
                copied.put(name, value);
                if (value instanceof String) {
                    texts.add(new Place(where, copied, name));
                }
            }
        }
        return copied;
    }
}
