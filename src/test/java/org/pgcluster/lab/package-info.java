/** The lab itself, and everything that the README and {@code ./demo} promise of it. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.lab;
