/** The journey of a call. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.dispatch;
