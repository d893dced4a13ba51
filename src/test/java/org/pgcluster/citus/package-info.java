@NullMarked
package org.pgcluster.citus;

import org.jspecify.annotations.NullMarked;
