package org.pgcluster.guard;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import org.pgcluster.error.ToolException;

/** A second process. Each line that it reads is a thing to do, a word and a millisecond; its answer is one line. */
final class Contender {
    private Contender() {}

    public static void main(String[] arguments) throws IOException {
        var state = Path.of(arguments[0]);
        var guard = Desks.guard(state, Clock.systemUTC());
        var lock = new ClusterLock(state, Clock.systemUTC());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", -1);
            while (System.currentTimeMillis() < Long.parseLong(words[2])) {
                Thread.onSpinWait();
            }
            System.out.println(answer(guard, lock, words));
            System.out.flush();
        }
    }

    private static String answer(Guard guard, ClusterLock lock, String[] words) {
        try {
            switch (words[0]) {
                case "spend" -> guard.spend(words[1], Desks.draft());
                case "ask" -> {
                    return guard.ask(Desks.draft()).name();
                }
                default -> lock.take("default", words[1], "create_index");
            }
            return "done";
        } catch (ToolException refused) {
            return refused.code() + " " + refused.text();
        }
    }
}
