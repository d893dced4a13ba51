/** The text of an answer, made from the same records as its structured content. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.render;
