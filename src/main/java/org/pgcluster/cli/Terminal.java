package org.pgcluster.cli;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/** The person in front of this process, where there is one: stdin and stdout are both a terminal. */
@SuppressWarnings("SystemConsoleNull") // whether a console is a terminal is asked, too
public final class Terminal {
    private Terminal() {}

    public static boolean isThere() {
        Console console = System.console();
        return console != null && isTerminal(console);
    }

    /** From Java 22 on there is a console behind pipes, too, which then says so. */
    private static boolean isTerminal(Console console) {
        try {
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true; // before Java 22 a console is a terminal
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }

    /** What was typed, without the blanks around it; null where the input ended. */
    static @Nullable String ask(String question) {
        Console console = System.console();
        if (console == null) {
            return null;
        }
        String typed = console.readLine("%s", question);
        return typed == null ? null : typed.strip();
    }

    static String bold(String text) {
        return coloured("1", text);
    }

    static String green(String text) {
        return coloured("32", text);
    }

    static String red(String text) {
        return coloured("31", text);
    }

    static String yellow(String text) {
        return coloured("33", text);
    }

    private static String coloured(String code, String text) {
        return System.getenv("NO_COLOR") == null && isThere() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
