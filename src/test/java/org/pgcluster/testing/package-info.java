/** Real servers for the tests. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.testing;
