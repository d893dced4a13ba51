/** pgcluster-mcp: see, understand and safely change distributed PostgreSQL. */
@org.jspecify.annotations.NullMarked
package org.pgcluster;
