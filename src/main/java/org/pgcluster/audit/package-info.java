/** Append-only lines of what was done, with secrets masked. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.audit;
