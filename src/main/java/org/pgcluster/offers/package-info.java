/** What a client is offered besides tools: prompts, and proposals for their arguments. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.offers;
