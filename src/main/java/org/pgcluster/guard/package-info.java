/** Who may act: sealed requests, approvals, locks. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.guard;
