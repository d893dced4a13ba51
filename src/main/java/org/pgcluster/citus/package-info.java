/**
 * What Citus knows of its cluster, and how all its nodes are asked at once. Above {@code cluster}, whose connections it
 * uses; below {@code snapshot} and the toolsets, since what both ask must come from one place to be the same number.
 */
@org.jspecify.annotations.NullMarked
package org.pgcluster.citus;
