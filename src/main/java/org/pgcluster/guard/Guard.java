package org.pgcluster.guard;

import static org.pgcluster.error.ErrorCode.APPROVAL_INVALID;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
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
    private static final String REQUEST = ".request";
    private static final String APPROVAL = ".approval";
    private static final String SPENT = ".spent";
    private static final int MOST_WAITING = 100;
    /** So long the reason of a refusal ("expired", "spent") can still be told. */
    private static final Duration REMEMBERED = Duration.ofDays(1);

    /** Between two machines that share a secret. */
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(1);

    private static final String ASK_ANEW = "Call the act again without approval_token for a new request.";

    private record Open(Folder requests, Seal seal) {}

    private final Path stateDir;
    private final Optional<Secret> configured;
    private final Duration approvalTtl;
    private final Duration requestTtl;
    private final Clock clock;
    private final SecureRandom random;
    private final Object opening = new Object();
    private @Nullable Open open;

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
        return requests().alone(() -> {
            clean();
            var waiting = allWaiting();
            for (var request : waiting) {
                if (request.draft().equals(draft) && request.consentLife().equals(life)) {
                    return told(request);
                }
            }
            if (waiting.size() >= MOST_WAITING) {
                throw new ToolException(
                        ErrorCode.CONFLICT,
                        MOST_WAITING + " requests wait for a person already.",
                        "approve without a name lists them; each ends by itself when it expires.");
            }
            return told(written(draft, life));
        });
    }

    /** Oldest first. Files whose seal is broken are not shown: nobody should be asked to consent to them. */
    public List<Waiting> waiting() {
        return allWaiting().stream()
                .map(request -> new Waiting(
                        request.name(),
                        request.draft().tool(),
                        request.draft().cluster(),
                        request.asked(),
                        request.expires(),
                        requests().has(request.name() + APPROVAL)))
                .toList();
    }

    /** What a person is to be shown: sealed by this server, not expired, not spent. */
    public Opened open(String name) {
        var request = sealedRequest(name);
        requireNotSpent(name);
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
            var request = unsealed(
                    String.valueOf(copy.getFileName()), Folder.readWhole(copy, Set.of(StandardOpenOption.READ)));
            requireTime(request);
            return request;
        } catch (IOException e) {
            throw new ToolException(ErrorCode.NOT_FOUND, copy + " cannot be read.", "Give the copied request file.");
        }
    }

    /** Nobody is to be asked for it again. */
    public void withdraw(String name) {
        if (Names.looksRight(name)) {
            requests().delete(name + REQUEST);
            requests().delete(name + APPROVAL);
        }
    }

    public void approve(String name, Approver approver, Optional<Duration> ttl) {
        approve(open(name), approver, ttl);
    }

    /** Binds the consent to what was shown. Its life counts from now; {@code ttl} only shortens it. */
    public void approve(Opened shown, Approver approver, Optional<Duration> ttl) {
        requireNotSpent(shown.name());
        requireTime(shown);
        requests().write(shown.name() + APPROVAL, consent(shown, approver, ttl).sealed(seal(), shown));
    }

    /** Short enough to paste; good for one act on the machine that has the request. */
    public String token(Opened copy, String who, Optional<Duration> ttl) {
        requireTime(copy);
        return consent(copy, new Approver(who, Approver.How.TOKEN), ttl).token(seal(), copy);
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
        var request = sealedRequest(name);
        requireNotSpent(name);
        var consent = dot < 0 ? approval(request) : tokens(request, nameOrToken);
        requireNotAhead("approval", name, consent.given());
        if (!clock.instant().isBefore(consent.expires())) {
            throw invalid("The approval " + name + " expired at " + consent.expires() + ".", ASK_ANEW);
        }
        Matching.require(name, request.draft(), now);
        var spent = new Spent(name, consent.approver(), consent.given());
        onRecord.accept(spent);
        if (!requests().create(name + SPENT, clock.instant() + "\n")) {
            throw spent(name);
        }
        return spent;
    }

    private Opened written(Draft draft, Duration life) {
        var asked = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        var nonce = new byte[16];
        random.nextBytes(nonce);
        var request =
                Opened.fresh(freeName(), HexFormat.of().formatHex(nonce), draft, asked, asked.plus(requestTtl), life);
        requests()
                .write(
                        request.name() + REQUEST,
                        Sealed.wrap(request.body(), seal().of(Seal.Label.REQUEST, request.body())));
        return request;
    }

    private String freeName() {
        String name;
        do {
            name = Names.fresh(random);
        } while (requests().has(name + REQUEST)
                || requests().has(name + APPROVAL)
                || requests().has(name + SPENT));
        return name;
    }

    private Requested told(Opened request) {
        return new Requested(request.name(), requests().file(request.name() + REQUEST), request.expires());
    }

    private Consent consent(Opened request, Approver approver, Optional<Duration> ttl) {
        var given = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        return new Consent(request.name(), approver, given, given.plus(shorter(request.consentLife(), ttl)));
    }

    private static Duration shorter(Duration most, Optional<Duration> wanted) {
        return wanted.filter(ttl -> ttl.compareTo(most) < 0).orElse(most);
    }

    private Opened sealedRequest(String name) {
        if (!Names.looksRight(name)) {
            throw unknown(name.length() <= 60 ? name : name.substring(0, 60) + "…");
        }
        return unsealed(name, requests().read(name + REQUEST).orElseThrow(() -> unknown(name)));
    }

    private Opened unsealed(String name, String whole) {
        var request = Sealed.body(seal(), Seal.Label.REQUEST, whole, "")
                .map(Opened::of)
                .orElseThrow(() -> invalid(
                        "The request " + name + " was altered, or sealed under another approval_secret.", ASK_ANEW));
        // A copied file keeps its seal under any name, but would be spent under each.
        if (Names.looksRight(name) && !request.name().equals(name)) {
            throw invalid("The file of the request " + name + " holds the request " + request.name() + ".", ASK_ANEW);
        }
        return request;
    }

    private Consent approval(Opened request) {
        var name = request.name();
        var whole = requests().read(name + APPROVAL);
        if (whole.isEmpty()) {
            requireTime(request);
            throw invalid(
                    "The request " + name + " is not approved yet.",
                    "A person approves " + name + " with the command that its request named. Then repeat the call.");
        }
        return Consent.unseal(seal(), request, whole.get())
                .orElseThrow(() -> invalid(
                        "The approval " + name + " was altered, or given to another request or under another secret.",
                        ASK_ANEW));
    }

    private Consent tokens(Opened request, String token) {
        return Consent.fromToken(seal(), request, token)
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

    private void requireNotSpent(String name) {
        if (requests().has(name + SPENT)) {
            throw spent(name);
        }
    }

    private List<Opened> allWaiting() {
        var waiting = new ArrayList<Opened>();
        for (var name : requests().names(REQUEST)) {
            intact(name)
                    .filter(request ->
                            !requests().has(name + SPENT) && clock.instant().isBefore(request.expires()))
                    .ifPresent(waiting::add);
        }
        waiting.sort((one, other) -> one.asked().equals(other.asked())
                ? one.name().compareTo(other.name())
                : one.asked().compareTo(other.asked()));
        return waiting;
    }

    /** Empty too where the file went away meanwhile or its seal is broken; whoever names it is told which. */
    private Optional<Opened> intact(String name) {
        try {
            return Optional.of(sealedRequest(name));
        } catch (ToolException refused) {
            if (refused.code() == APPROVAL_INVALID) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /** The mark of a spent consent goes last: without its request it can no longer be missed. */
    private void clean() {
        for (var name : requests().names(REQUEST)) {
            intact(name).filter(this::longOver).ifPresent(request -> {
                requests().delete(name + REQUEST);
                requests().delete(name + APPROVAL);
                requests().delete(name + SPENT);
            });
        }
    }

    private boolean longOver(Opened request) {
        Instant end = request.expires().plus(request.consentLife()).plus(REMEMBERED);
        return clock.instant().isAfter(end);
    }

    private Folder requests() {
        return opened().requests;
    }

    private Seal seal() {
        return opened().seal;
    }

    private Open opened() {
        synchronized (opening) {
            if (open == null) {
                var state = Folder.open(stateDir);
                open = new Open(Folder.open(stateDir.resolve("requests")), Key.seal(state, configured, random));
            }
            return open;
        }
    }

    private static ToolException unknown(String name) {
        return invalid("There is no request `" + name + "` here.", ASK_ANEW);
    }

    private static ToolException spent(String name) {
        return invalid("The approval " + name + " was used already: each is good for one act.", ASK_ANEW);
    }

    private static ToolException invalid(String text, String hint) {
        return new ToolException(APPROVAL_INVALID, text, hint);
    }
}
