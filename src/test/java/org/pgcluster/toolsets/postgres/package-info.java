@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.postgres;
