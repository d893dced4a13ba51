/** What Patroni's members say, of every version in one vocabulary. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.patroni;
