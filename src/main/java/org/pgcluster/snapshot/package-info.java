/** What was read about a cluster at one moment. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.snapshot;
