package org.pgcluster.dispatch;

/**
 * What a client is told before any tool is loaded. {@code toolsJsonArray} is ready JSON on one line, so that answering
 * {@code tools/list} needs no library; {@code instructions} is plain text.
 */
public record Front(String name, String title, String version, String instructions, String toolsJsonArray) {}
