/** Plain connections with a deadline, and TLS as libpq and PEM files have it. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.wire;
