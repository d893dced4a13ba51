package org.pgcluster.dispatch;

import java.util.Map;

/** What a call came to: one text for a reader, and the same as exact data. */
public record Answer(String text, Map<String, Object> structured, boolean isError) {}
