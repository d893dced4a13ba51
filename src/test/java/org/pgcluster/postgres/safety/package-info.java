/** Attacks that must do no harm, and honest SQL that must work. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.postgres.safety;
