package org.pgcluster.dispatch;

import java.time.Duration;

/** Shows a person something and waits for consent. It holds no slot, no connection and no lock meanwhile. */
public interface Asker {
    enum Consent {
        ACCEPTED,
        DECLINED,
        /** The person closed the form. */
        DISMISSED,
        /** Nobody answered in time, or the client could not show it. */
        NO_ANSWER
    }

    /** Where {@code typed} is not empty, the person must type exactly that to consent. */
    Consent ask(String message, String typed, Duration patience);
}
