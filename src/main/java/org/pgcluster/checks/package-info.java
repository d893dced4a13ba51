/** Findings as pure functions over a snapshot: no I/O, no clock. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.checks;
