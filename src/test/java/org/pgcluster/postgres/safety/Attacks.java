package org.pgcluster.postgres.safety;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Runs attacks through the guard and looks at the estate after each. */
final class Attacks {
    private Attacks() {}

    static String harm(Estate estate, List<String> users, List<String> attacks) throws SQLException, IOException {
        List<String> harmed = new ArrayList<>();
        estate.plantNames();
        for (String user : users) {
            try (Reader reader = estate.reader(user)) {
                String before = estate.state();
                for (String attack : attacks) {
                    String outcome = reader.read(attack.split("\t", 3)[2]);
                    String after = estate.state();
                    if (!before.equals(after) || isSecretOutcome(attack, outcome)) {
                        harmed.add(user + ": " + attack + "\n  " + outcome + "\n  " + before + "\n  " + after);
                    }
                    before = after;
                }
            }
        }
        return String.join("\n", harmed);
    }

    /** The reading of a secret leaves no trace, nor does code in a session that ends: here that it ran is the harm. */
    private static boolean isSecretOutcome(String attack, String outcome) {
        boolean mustNotRun =
                attack.contains("\tsecret\t") || attack.contains("\tfile\t") || attack.contains("\tunseen\t");
        return mustNotRun && outcome.equals("ran");
    }
}
