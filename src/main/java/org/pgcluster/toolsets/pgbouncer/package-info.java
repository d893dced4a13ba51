/** The toolset {@code pgbouncer}. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.pgbouncer;
