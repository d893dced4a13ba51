/** Requests with a deadline, TLS and bounded answers; the meaning of a status in one place. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.http;
