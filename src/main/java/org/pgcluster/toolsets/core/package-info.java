/** Tools of the server itself and of the estate as a whole. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.toolsets.core;
