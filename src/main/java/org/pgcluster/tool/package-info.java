/** What the author of a tool needs. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.tool;
