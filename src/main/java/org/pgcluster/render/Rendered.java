package org.pgcluster.render;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The two sides of an answer, made from the same values. */
public record Rendered(String text, Map<String, @Nullable Object> structured) {}
