/** What HAProxy's statistics page and runtime socket say. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.haproxy;
