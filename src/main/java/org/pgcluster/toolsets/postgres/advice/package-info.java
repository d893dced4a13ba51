/** Index advice: which statements count, what the statistics say, and what the server's planner makes of each idea. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.postgres.advice;
