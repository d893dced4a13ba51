/** The command line. The only home of picocli. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.cli;
