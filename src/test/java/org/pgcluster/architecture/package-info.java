/** The borders between the packages, held by tests. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.architecture;
