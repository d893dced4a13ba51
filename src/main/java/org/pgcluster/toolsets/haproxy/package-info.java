/** The toolset {@code haproxy}. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.haproxy;
