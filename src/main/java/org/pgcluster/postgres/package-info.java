/** Connections, pools, rows to records, SQLSTATE to code, safe reading. The only home of JDBC. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.postgres;
