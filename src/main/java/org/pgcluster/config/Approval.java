package org.pgcluster.config;

/** How a person agrees to an act. */
public enum Approval {
    HUMAN,
    FORM,
    CONSOLE,
    SELF
}
