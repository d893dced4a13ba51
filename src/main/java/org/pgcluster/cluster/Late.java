package org.pgcluster.cluster;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Made once, when first asked for. Threads share it. */
final class Late<T> {
    private @Nullable T made;

    synchronized T get(Supplier<T> make) {
        T now = made;
        if (now == null) {
            now = make.get();
            made = now;
        }
        return now;
    }
}
