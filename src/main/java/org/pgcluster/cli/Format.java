package org.pgcluster.cli;

/** How a command shows what it found. The names are what is typed. */
enum Format {
    text,
    json
}
