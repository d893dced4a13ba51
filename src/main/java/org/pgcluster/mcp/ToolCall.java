package org.pgcluster.mcp;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Asker;
import org.pgcluster.dispatch.Request;

/** One {@code tools/call} on its worker: from the arguments to the reply, whatever the desk does. */
final class ToolCall implements Runnable {
    private final Connection connection;
    private final Pending pending;
    private final String tool;
    private final Map<String, @Nullable Object> arguments;

    ToolCall(Connection connection, Pending pending, String tool, Map<String, @Nullable Object> arguments) {
        this.connection = connection;
        this.pending = pending;
        this.tool = tool;
        this.arguments = arguments;
    }

    @Override
    public void run() {
        try {
            if (!pending.answered()) {
                answer();
            }
        } catch (Throwable e) {
            pending.fail(Replies.INTERNAL, "The server failed in a way it should not. Its log on stderr says more.");
            Complaints.about("a call", e);
        } finally {
            pending.ended();
        }
    }

    private void answer() {
        if (!connection.features().hasTool(tool)) {
            pending.fail(Replies.INVALID_PARAMS, "Unknown tool: " + tool);
            return;
        }
        Optional<Asker> asker =
                connection.elicits() ? Optional.of(connection.forms().asker(pending.call())) : Optional.empty();
        Answer answer =
                connection.desk().get().call(new Request(tool, arguments, pending.call(), connection.client(), asker));
        pending.reply(Replies.answer(pending.id(), answer));
    }
}
