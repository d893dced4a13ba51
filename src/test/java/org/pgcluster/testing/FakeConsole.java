package org.pgcluster.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** A console that lets everybody in and answers each command with the table it was given. */
public final class FakeConsole implements AutoCloseable {
    private final Listener listener;

    /** Each table is its columns, then its rows, with spaces between values. */
    public FakeConsole(Map<String, List<String>> tables) {
        this.listener = Listener.to(one -> serve(one, tables));
    }

    public int port() {
        return listener.port();
    }

    private static void serve(Socket one, Map<String, List<String>> tables) throws IOException {
        try (one;
                var in = new DataInputStream(one.getInputStream());
                var out = new DataOutputStream(one.getOutputStream())) {
            in.readNBytes(in.readInt() - 4);
            message(out, 'R', new byte[4]);
            message(out, 'Z', new byte[] {'I'});
            while (in.read() == 'Q') {
                String command = new String(in.readNBytes(in.readInt() - 4), StandardCharsets.UTF_8);
                answer(out, tables.getOrDefault(command.substring(0, command.length() - 1), List.of("none")));
            }
        }
    }

    private static void answer(DataOutputStream out, List<String> table) throws IOException {
        String[] columns = table.get(0).split(" ", -1);
        var header = new ByteArrayOutputStream();
        var head = new DataOutputStream(header);
        head.writeShort(columns.length);
        for (String column : columns) {
            head.write((column + "\0").getBytes(StandardCharsets.UTF_8));
            head.write(new byte[18]);
        }
        message(out, 'T', header.toByteArray());
        for (String line : table.subList(1, table.size())) {
            var body = new ByteArrayOutputStream();
            var row = new DataOutputStream(body);
            row.writeShort(columns.length);
            for (String value : line.split(" ", -1)) {
                byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
                row.writeInt(bytes.length);
                row.write(bytes);
            }
            message(out, 'D', body.toByteArray());
        }
        message(out, 'C', "SHOW\0".getBytes(StandardCharsets.UTF_8));
        message(out, 'Z', new byte[] {'I'});
    }

    private static void message(DataOutputStream out, char type, byte[] body) throws IOException {
        out.write(type);
        out.writeInt(4 + body.length);
        out.write(body);
        out.flush();
    }

    @Override
    public void close() {
        listener.close();
    }
}
