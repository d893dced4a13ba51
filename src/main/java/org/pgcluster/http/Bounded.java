package org.pgcluster.http;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** Takes a body up to a limit and refuses the rest, so that no server can fill the memory. Confined to a request. */
final class Bounded implements BodySubscriber<byte[]> {
    private final int most;
    private final ToolException tooMuch;
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;

    Bounded(int most, ToolException tooMuch) {
        this.most = most;
        this.tooMuch = tooMuch;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription made) {
        subscription = made;
        made.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> items) {
        for (ByteBuffer item : items) {
            byte[] bytes = new byte[item.remaining()];
            item.get(bytes);
            taken.writeBytes(bytes);
        }
        Flow.Subscription now = subscription;
        if (taken.size() > most && now != null) {
            now.cancel();
            body.completeExceptionally(tooMuch);
        }
    }

    @Override
    public void onError(Throwable failed) {
        body.completeExceptionally(failed);
    }

    @Override
    public void onComplete() {
        body.complete(taken.toByteArray());
    }
}
