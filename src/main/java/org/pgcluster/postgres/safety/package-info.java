/** Reading SQL safely: the gate over the text, and the judge over the server's own tree. Knows nothing of pools. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.postgres.safety;
