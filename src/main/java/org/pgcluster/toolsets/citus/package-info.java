/** Citus: what lies where, what runs, what could be better. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.citus;
