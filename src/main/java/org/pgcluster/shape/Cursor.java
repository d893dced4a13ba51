package org.pgcluster.shape;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** Where a cut list goes on: the key of the last row shown, as a text that a client hands back unread. */
public final class Cursor {
    private Cursor() {}

    /** The list is named with its filters, so that a cursor cannot continue another one. */
    public static String write(String list, List<? extends @Nullable Object> key) {
        var bytes = JsonText.write(key).getBytes(StandardCharsets.UTF_8);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes) + "." + sum(list, bytes);
    }

    public static List<@Nullable Object> read(String list, String cursor) {
        var dot = cursor.lastIndexOf('.');
        if (dot > 0) {
            try {
                var bytes = Base64.getUrlDecoder().decode(cursor.substring(0, dot));
                if (cursor.substring(dot + 1).equals(sum(list, bytes))
                        && JsonText.read(new String(bytes, StandardCharsets.UTF_8)) instanceof List<?> key) {
                    return Collections.unmodifiableList(key);
                }
            } catch (IllegalArgumentException e) {
                throw refused(); // not base64
            }
        }
        throw refused();
    }

    /** One that was given for something else. */
    public static ToolException refused() {
        return ToolException.invalidInput(
                "`cursor` does not belong to this list.",
                "Hand back the cursor of the last answer with the same arguments and the same cluster, or leave it out to begin anew.");
    }

    /** Holds against mistakes, not against malice: a cursor opens nothing that its list does not show. */
    private static String sum(String list, byte[] key) {
        var sum = new CRC32();
        sum.update(list.getBytes(StandardCharsets.UTF_8));
        sum.update(0);
        sum.update(key);
        return Long.toString(sum.getValue(), 36);
    }
}
