/** One estate and its components, by tier, lazily connected. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.cluster;
