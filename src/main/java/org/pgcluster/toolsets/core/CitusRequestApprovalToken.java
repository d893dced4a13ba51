package org.pgcluster.toolsets.core;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.tool.Server.Filed;

/** Plans an act and files the request that a person can approve, without calling the act. */
public final class CitusRequestApprovalToken
        implements Reads<CitusRequestApprovalToken.Input, CitusRequestApprovalToken.Output> {
    record Input(
            @Says("An act's name, or rebalance, move_shard") String action,
            @Says("The act's arguments") Optional<Map<String, @Nullable Object>> arguments,

            @Says("Shortens the life of the approval") @Range(min = 1, max = 86400)
            Optional<Integer> ttlSeconds) {}

    record Output(
            String request,
            String file,
            String command,
            String host,
            String expiresAt,
            @Nullable String token,
            String plan)
            implements InWords {
        @Override
        public String inWords() {
            return token != null
                    ? "Approved by this configuration (approval: self). Call the act with approval_token: " + token
                            + "."
                    : "Request " + request + " waits for a person, who runs on " + host + ": " + command;
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                        "citus_request_approval_token",
                        "Request an approval",
                        Input.class,
                        Output.class,
                        "Plans an act and files a request for a person's approval, without running anything.")
                .steers();
    }

    @Override
    public Output read(Input input, Context context) {
        Filed filed = context.server()
                .file(
                        input.action(),
                        input.arguments().orElse(Map.of()),
                        input.ttlSeconds().map(Duration::ofSeconds),
                        context.call(),
                        context.client());
        return new Output(
                filed.name(),
                filed.file(),
                filed.command(),
                filed.host(),
                filed.expiresAt(),
                filed.token().orElse(null),
                filed.plan());
    }
}
