package org.pgcluster.guard;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Names that a person can read aloud and type. They are no secret. */
final class Names {
    private static final Pattern NAME = Pattern.compile("[a-z]{3,8}-[a-z]{3,8}-[1-9][0-9]");
    private static final List<String> HOW = List.of(
            "amber", "azure", "brave", "brisk", "calm", "clear", "coral", "crisp", "dusky", "eager", "early", "fair",
            "fleet", "frosty", "gentle", "golden", "green", "hardy", "hazel", "humble", "ivory", "jolly", "keen",
            "kind", "late", "light", "lively", "lucky", "mellow", "merry", "mild", "misty", "noble", "olive", "pale",
            "plain", "proud", "quick", "quiet", "rapid", "ruby", "rustic", "sandy", "sharp", "shy", "silent", "silver",
            "sleek", "smooth", "snowy", "solid", "spry", "steady", "still", "stout", "sunny", "swift", "tawny", "tidy",
            "vivid", "warm", "wary", "wise", "young");
    private static final List<String> WHO = List.of(
            "ant", "badger", "beaver", "bison", "bream", "camel", "carp", "cobra", "cod", "crane", "crow", "deer",
            "dingo", "dove", "eagle", "eel", "egret", "elk", "falcon", "ferret", "finch", "fox", "frog", "gecko",
            "goose", "grouse", "gull", "hare", "hawk", "heron", "horse", "ibex", "ibis", "jackal", "jay", "koala",
            "lark", "lemur", "lion", "llama", "lynx", "marten", "mole", "moose", "moth", "newt", "orca", "otter", "owl",
            "panda", "perch", "pike", "quail", "raven", "robin", "seal", "shrew", "skunk", "snail", "stork", "swan",
            "tapir", "trout", "wren");

    private Names() {}

    static String fresh(RandomGenerator random) {
        return HOW.get(random.nextInt(HOW.size())) + "-" + WHO.get(random.nextInt(WHO.size())) + "-"
                + random.nextInt(10, 100);
    }

    /** Nothing else ever becomes part of a path. */
    static boolean looksRight(String text) {
        return NAME.matcher(text).matches();
    }
}
