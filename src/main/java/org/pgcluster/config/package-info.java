/** Keys, layers, sources, secrets: what the configuration says and where it says so. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.config;
