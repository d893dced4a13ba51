package org.pgcluster.mcp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes JSON as UTF-8 without a line break in it. Used by one thread. */
final class JsonWriter {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);

    private byte[] bytes;
    private int size;

    JsonWriter(int expected) {
        bytes = new byte[expected];
    }

    /** Text that is JSON already. */
    JsonWriter raw(String json) {
        return raw(json.getBytes(StandardCharsets.UTF_8));
    }

    JsonWriter raw(byte[] json) {
        room(json.length);
        System.arraycopy(json, 0, bytes, size, json.length);
        size += json.length;
        return this;
    }

    JsonWriter value(@Nullable Object value) {
        if (value == null) {
            return raw("null");
        }
        if (value instanceof Map<?, ?> members) {
            return object(members);
        }
        if (value instanceof Iterable<?> elements) {
            return array(elements);
        }
        if (value instanceof Boolean || (value instanceof Number number && finite(number))) {
            return raw(value.toString());
        }
        return string(value.toString());
    }

    /** JSON has no NaN and no infinity: they go as texts. */
    private static boolean finite(Number number) {
        return !(number instanceof Double || number instanceof Float) || Double.isFinite(number.doubleValue());
    }

    private JsonWriter object(Map<?, ?> members) {
        put('{');
        boolean first = true;
        for (Map.Entry<?, ?> member : members.entrySet()) {
            if (!first) {
                put(',');
            }
            first = false;
            string(String.valueOf(member.getKey()));
            put(':');
            value(member.getValue());
        }
        return put('}');
    }

    private JsonWriter array(Iterable<?> elements) {
        put('[');
        boolean first = true;
        for (Object element : elements) {
            if (!first) {
                put(',');
            }
            first = false;
            value(element);
        }
        return put(']');
    }

    JsonWriter string(String text) {
        room(text.length() + 2);
        put('"');
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            if (next < 0x80) {
                ascii(next);
            } else if (Character.isHighSurrogate(next)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                pair(Character.toCodePoint(next, text.charAt(++i)));
            } else if (Character.isSurrogate(next)) {
                unicode(next);
            } else if (next < 0x800) {
                put(0xC0 | (next >> 6)).put(0x80 | (next & 0x3F));
            } else {
                put(0xE0 | (next >> 12)).put(0x80 | ((next >> 6) & 0x3F)).put(0x80 | (next & 0x3F));
            }
        }
        return put('"');
    }

    private void ascii(char next) {
        if (next == '"' || next == '\\') {
            put('\\').put(next);
        } else if (next >= ' ' && next != 0x7F) {
            put(next);
        } else if (next == '\n') {
            put('\\').put('n');
        } else if (next == '\t') {
            put('\\').put('t');
        } else {
            unicode(next);
        }
    }

    private void pair(int code) {
        put(0xF0 | (code >> 18)).put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F)).put(0x80 | (code & 0x3F));
    }

    private void unicode(char code) {
        put('\\').put('u');
        for (int shift = 12; shift >= 0; shift -= 4) {
            put(HEX[(code >> shift) & 0xF]);
        }
    }

    private JsonWriter put(int next) {
        room(1);
        bytes[size++] = (byte) next;
        return this;
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), size + (size >> 1) + 64));
        }
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }
}
