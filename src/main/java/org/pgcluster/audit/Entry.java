package org.pgcluster.audit;

import java.time.Duration;

/** What the audit says about one call; its id joins the lines. Each method writes one line or throws. Threads share it. */
public final class Entry {
    private final Audit audit;
    private final String id;
    private final String client;
    private final String tool;
    private final String cluster;
    private final String inputJson;

    Entry(Audit audit, String id, String client, String tool, String cluster, String inputJson) {
        this.audit = audit;
        this.id = id;
        this.client = client;
        this.tool = tool;
        this.cluster = cluster;
        this.inputJson = inputJson;
    }

    /** Twelve hexadecimal digits. */
    public String id() {
        return id;
    }

    /** A plan began to wait for a person under {@code name}. */
    public void request(String name, String fingerprint) {
        audit.append(withInput("request").text("request", name).text("fingerprint", fingerprint), true);
    }

    public void approval(String name, String approver, String how, String fingerprint) {
        audit.append(
                withInput("approval")
                        .text("request", name)
                        .text("approver", approver)
                        .text("how", how)
                        .text("fingerprint", fingerprint),
                true);
    }

    /** The last line before the first step. */
    public void start(String name, String approver, String how, String fingerprint) {
        audit.append(
                withInput("start")
                        .text("request", name)
                        .text("approver", approver)
                        .text("how", how)
                        .text("fingerprint", fingerprint),
                true);
    }

    /** Before the step is sent. */
    public void step(int number, int of, String statement) {
        audit.append(
                audit.begin("step", this)
                        .number("step", number)
                        .number("steps", of)
                        .text("statement", audit.masks().in(statement)),
                true);
    }

    /** {@code outcome} is a word such as done, failed, unknown, left running; {@code proofJson} what was read afterwards. */
    public void outcome(String outcome, String words, String proofJson) {
        audit.append(
                audit.begin("outcome", this)
                        .text("outcome", outcome)
                        .text("message", audit.masks().in(words))
                        .raw("proof", audit.masks().inJson(proofJson)),
                true);
    }

    /** Reads are not worth waiting for the disk. */
    public void read(String outcome, Duration took) {
        audit.append(withInput("read").text("outcome", outcome).number("milliseconds", took.toMillis()), false);
    }

    String client() {
        return client;
    }

    String tool() {
        return tool;
    }

    String cluster() {
        return cluster;
    }

    private Json withInput(String event) {
        return audit.begin(event, this).raw("input", audit.masks().inJson(inputJson));
    }
}
