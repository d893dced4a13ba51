/** The toolset {@code patroni}. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.patroni;
