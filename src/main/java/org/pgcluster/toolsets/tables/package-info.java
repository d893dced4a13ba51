/** How tables lie: distributed, copied, whole or plain, and how to change that. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.tables;
