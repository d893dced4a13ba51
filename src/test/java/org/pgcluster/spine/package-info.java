/** The whole server as a child process behind pipes, against a real database. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.spine;
