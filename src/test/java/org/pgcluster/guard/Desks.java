package org.pgcluster.guard;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.config.Secret;

/** Guards and drafts that the tests share. */
final class Desks {
    static final Duration APPROVAL = Duration.ofMinutes(5);
    static final Duration REQUEST = Duration.ofHours(1);
    static final Approver ANN = new Approver("ann", Approver.How.CONSOLE);

    private Desks() {}

    static Guard guard(Path state, Clock clock) {
        return new Guard(state, Optional.empty(), APPROVAL, REQUEST, clock, new SecureRandom());
    }

    static Guard guard(Path state, String secret, Clock clock) {
        return new Guard(state, Optional.of(new Secret(secret)), APPROVAL, REQUEST, clock, new SecureRandom());
    }

    static Draft draft() {
        return new Draft(
                "create_index",
                "default",
                "7304512345678901234/app",
                Map.of("table", "\"public.orders\"", "concurrently", "true"),
                List.of("CREATE INDEX CONCURRENTLY orders_at ON public.orders (at)", "ANALYZE public.orders"),
                Map.of("indexes", "[\"orders_pkey\"]", "owner", "\"app\""),
                "1. CREATE INDEX …\nholds: the table exists\nseal=nothing\n",
                false);
    }
}
