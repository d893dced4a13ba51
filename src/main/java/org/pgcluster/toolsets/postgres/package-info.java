/** Tools of a single PostgreSQL. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.postgres;
