package org.pgcluster.snapshot;

import java.time.Instant;

/** What a server shows who wants to encrypt. */
public record Certificate(String component, String where, String subject, Instant validUntil) {}
