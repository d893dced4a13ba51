/** One running call: deadline, progress, cancel. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.call;
