package org.pgcluster.guard;

import static org.pgcluster.guard.Shelf.ASK_ANEW;
import static org.pgcluster.guard.Shelf.invalid;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * Holds requests until a person consented, and lets each consent be used for exactly that act, once, over all processes
 * that share the state folder. The folder is made when first needed. Threads share it; one object for each process.
 */
public final class Guard {
    private static final int MOST_WAITING = 100;

    /** Between two machines that share a secret. */
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(1);

    private final Path stateDir;
    private final Optional<Secret> configured;
    private final Duration approvalTtl;
    private final Duration requestTtl;
    private final Clock clock;
    private final SecureRandom random;
    private final Object opening = new Object();
    private @Nullable Shelf open;

    public Guard(
            Path stateDir,
            Optional<Secret> configuredSecret,
            Duration approvalTtl,
            Duration requestTtl,
            Clock clock,
            SecureRandom random) {
        this.stateDir = stateDir;
        this.configured = configuredSecret;
        this.approvalTtl = approvalTtl;
        this.requestTtl = requestTtl;
        this.clock = clock;
        this.random = random;
    }

    public Requested ask(Draft draft) {
        return ask(draft, Optional.empty());
    }

    /** The same draft that still waits is not written twice. {@code ttl} only shortens the life of the later consent. */
    public Requested ask(Draft draft, Optional<Duration> ttl) {
        var life = shorter(approvalTtl, ttl);
        var shelf = shelf();
        return shelf.alone(() -> {
            shelf.clean();
            var waiting = shelf.waiting();
            for (var request : waiting) {
                if (request.draft().equals(draft) && request.consentLife().equals(life)) {
                    return shelf.told(request);
                }
            }
            if (waiting.size() >= MOST_WAITING) {
                throw new ToolException(
                        ErrorCode.CONFLICT,
                        MOST_WAITING + " requests wait for a person already.",
                        "approve without a name lists them; each ends by itself when it expires.");
            }
            return shelf.told(shelf.write(draft, life, requestTtl));
        });
    }

    /** Oldest first. Files whose seal is broken are not shown: nobody should be asked to consent to them. */
    public List<Waiting> waiting() {
        return shelf().waiting().stream()
                .map(request -> new Waiting(
                        request.name(),
                        request.draft().tool(),
                        request.draft().cluster(),
                        request.asked(),
                        request.expires(),
                        shelf().approved(request.name())))
                .toList();
    }

    /** What a person is to be shown: sealed by this server, not expired, not spent. */
    public Opened open(String name) {
        var request = shelf().sealed(name);
        shelf().requireNotSpent(name);
        requireTime(request);
        return request;
    }

    /** A copy of a request file that was brought from another machine with the same configured secret. */
    public Opened openCopy(Path copy) {
        if (configured.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "A token for another machine needs the same approval_secret on both, and none is configured here.",
                    "Set approval_secret, or approve on the machine that runs the server.");
        }
        try {
            var request = shelf().unsealed(
                            String.valueOf(copy.getFileName()),
                            Folder.readWhole(copy, Set.of(StandardOpenOption.READ)));
            requireTime(request);
            return request;
        } catch (IOException e) {
            throw new ToolException(ErrorCode.NOT_FOUND, copy + " cannot be read.", "Give the copied request file.");
        }
    }

    /** Nobody is to be asked for it again. */
    public void withdraw(String name) {
        shelf().withdraw(name);
    }

    public void approve(String name, Approver approver, Optional<Duration> ttl) {
        approve(open(name), approver, ttl);
    }

    /** Binds the consent to what was shown. Its life counts from now; {@code ttl} only shortens it. */
    public void approve(Opened shown, Approver approver, Optional<Duration> ttl) {
        shelf().requireNotSpent(shown.name());
        requireTime(shown);
        shelf().approve(shown, consent(shown, approver, ttl));
    }

    /** Short enough to paste; good for one act on the machine that has the request. */
    public String token(Opened copy, String who, Optional<Duration> ttl) {
        requireTime(copy);
        return consent(copy, new Approver(who, Approver.How.TOKEN), ttl).token(shelf().seal(), copy);
    }

    /** Uses the consent up, or throws and leaves it as it was. */
    public Spent spend(String nameOrToken, Draft now) {
        return spend(nameOrToken, now, consent -> {});
    }

    /**
     * Uses the consent up before the first step, so that it holds whatever follows. {@code onRecord} runs just before:
     * where it throws, nothing is used up. Of two that come as far with one consent, the slower is refused after it.
     */
    public Spent spend(String nameOrToken, Draft now, Consumer<Spent> onRecord) {
        int dot = nameOrToken.indexOf('.');
        var name = dot < 0 ? nameOrToken : nameOrToken.substring(0, dot);
        var request = shelf().sealed(name);
        shelf().requireNotSpent(name);
        var consent = dot < 0 ? approval(request) : tokens(request, nameOrToken);
        requireNotAhead("approval", name, consent.given());
        if (!clock.instant().isBefore(consent.expires())) {
            throw invalid("The approval " + name + " expired at " + consent.expires() + ".", ASK_ANEW);
        }
        Matching.require(name, request.draft(), now);
        var spent = new Spent(name, consent.approver(), consent.given());
        onRecord.accept(spent);
        shelf().spend(name);
        return spent;
    }

    private Consent consent(Opened request, Approver approver, Optional<Duration> ttl) {
        var given = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        return new Consent(request.name(), approver, given, given.plus(shorter(request.consentLife(), ttl)));
    }

    private static Duration shorter(Duration most, Optional<Duration> wanted) {
        return wanted.filter(ttl -> ttl.compareTo(most) < 0).orElse(most);
    }

    private Consent tokens(Opened request, String token) {
        return Consent.fromToken(shelf().seal(), request, token)
                .orElseThrow(() -> invalid(
                        "The token for " + request.name() + " is not what was printed for this request.",
                        "Paste it whole, or let it be printed again on a machine with the same approval_secret."));
    }

    /** A clock that was set back would give what is over a second life. */
    private void requireNotAhead(String what, String name, Instant made) {
        if (made.isAfter(clock.instant().plus(CLOCKS_DIFFER))) {
            throw invalid(
                    "The " + what + " " + name + " was given at " + made + ", which this host's clock has not reached: "
                            + "it was set back, or differs from the other machine's.",
                    "Set the clock right. " + ASK_ANEW);
        }
    }

    private void requireTime(Opened request) {
        requireNotAhead("request", request.name(), request.asked());
        if (!clock.instant().isBefore(request.expires())) {
            throw invalid("The request " + request.name() + " expired at " + request.expires() + ".", ASK_ANEW);
        }
    }

    private Consent approval(Opened request) {
        var name = request.name();
        var whole = shelf().approval(name);
        if (whole.isEmpty()) {
            requireTime(request);
            throw invalid(
                    "The request " + name + " is not approved yet.",
                    "A person approves " + name + " with the command that its request named. Then repeat the call.");
        }
        return Consent.unseal(shelf().seal(), request, whole.get())
                .orElseThrow(() -> invalid(
                        "The approval " + name + " was altered, or given to another request or under another secret.",
                        ASK_ANEW));
    }

    private Shelf shelf() {
        synchronized (opening) {
            if (open == null) {
                var state = Folder.open(stateDir);
                var requests = Folder.open(stateDir.resolve("requests"));
                open = new Shelf(requests, Key.seal(state, configured, random), clock, random);
            }
            return open;
        }
    }
}
