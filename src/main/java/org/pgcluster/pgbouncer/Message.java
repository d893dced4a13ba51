package org.pgcluster.pgbouncer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One message of the PostgreSQL protocol from the server. */
final class Message {
    private final char type;
    private final byte[] body;

    Message(char type, byte[] body) {
        this.type = type;
        this.body = body;
    }

    char type() {
        return type;
    }

    int length() {
        return body.length;
    }

    private ByteBuffer buffer() {
        return ByteBuffer.wrap(body);
    }

    int firstNumber() {
        return body.length < 4 ? -1 : buffer().getInt();
    }

    byte[] afterFirstNumber() {
        byte[] rest = new byte[Math.max(0, body.length - 4)];
        System.arraycopy(body, body.length - rest.length, rest, 0, rest.length);
        return rest;
    }

    String text() {
        return text(buffer());
    }

    private static String text(ByteBuffer buffer) {
        int from = buffer.position();
        int to = from;
        while (to < buffer.limit() && buffer.get(to) != 0) {
            to++;
        }
        buffer.position(Math.min(to + 1, buffer.limit()));
        byte[] bytes = new byte[to - from];
        buffer.get(from, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** An error's or notice's fields, by their letters. */
    Map<Character, String> fields() {
        Map<Character, String> fields = new LinkedHashMap<>();
        ByteBuffer buffer = buffer();
        while (buffer.hasRemaining()) {
            char letter = (char) buffer.get();
            if (letter == 0) {
                break;
            }
            fields.put(letter, text(buffer));
        }
        return fields;
    }

    /** Of a message that is none, as of {@link #values}, a buffer's own exception. */
    List<String> columns() {
        ByteBuffer buffer = buffer();
        int count = buffer.getShort();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(text(buffer));
            buffer.position(buffer.position() + 18);
        }
        return names;
    }

    List<@Nullable String> values() {
        ByteBuffer buffer = buffer();
        int count = buffer.getShort();
        List<@Nullable String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = buffer.getInt();
            if (length < 0) {
                values.add(null);
                continue;
            }
            if (length > buffer.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] bytes = new byte[length];
            buffer.get(bytes);
            values.add(new String(bytes, StandardCharsets.UTF_8));
        }
        return values;
    }
}
