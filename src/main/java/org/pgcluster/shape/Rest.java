package org.pgcluster.shape;

import org.jspecify.annotations.Nullable;

/** How much of a list is shown, and the cursor that continues it where there is more. */
public record Rest(int shown, long total, @Nullable String cursor) {}
