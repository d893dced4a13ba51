/** The tools of Citus against a real cluster, each figure beside one obtained another way. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.tables;
