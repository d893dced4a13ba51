/** Which indexes would help: what queries compare, sort and need, what could serve them, and which set is worth it. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.checks.advice;
