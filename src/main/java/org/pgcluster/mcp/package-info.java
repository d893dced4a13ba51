/** The protocol. The only home of the MCP SDK. */
@org.jspecify.annotations.NullMarked
package org.pgcluster.mcp;
