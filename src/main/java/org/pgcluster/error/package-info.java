/** The codes and the one exception that a client sees. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.error;
