/** Plans as EXPLAIN tells them, node by node: the digest that every explaining tool shares. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.checks.plan;
