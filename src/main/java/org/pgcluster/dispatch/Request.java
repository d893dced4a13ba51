package org.pgcluster.dispatch;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;

/**
 * One call as it arrived. {@code client} is what the client calls itself; {@code asker} is there where the client can
 * show its person a form.
 */
public record Request(
        String tool, Map<String, @Nullable Object> arguments, Call call, String client, Optional<Asker> asker) {}
