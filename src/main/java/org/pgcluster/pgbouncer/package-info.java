/** PgBouncer's admin console, by a small client of the simple protocol. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.pgbouncer;
