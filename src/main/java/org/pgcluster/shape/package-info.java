/** Records as JSON: schema, reading, writing, canonical text. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.shape;
