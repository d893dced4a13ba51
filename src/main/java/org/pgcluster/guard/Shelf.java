package org.pgcluster.guard;

import static org.pgcluster.error.ErrorCode.APPROVAL_INVALID;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.pgcluster.error.ToolException;

/** The sealed requests in their folder, each with its approval and the mark that it was used. Threads share it. */
final class Shelf {
    static final String ASK_ANEW = "Call the act again without approval_token for a new request.";

    private static final String REQUEST = ".request";
    private static final String APPROVAL = ".approval";
    private static final String SPENT = ".spent";
    /** So long the reason of a refusal ("expired", "spent") can still be told. */
    private static final Duration REMEMBERED = Duration.ofDays(1);

    private final Folder folder;
    private final Seal seal;
    private final Clock clock;
    private final SecureRandom random;

    Shelf(Folder folder, Seal seal, Clock clock, SecureRandom random) {
        this.folder = folder;
        this.seal = seal;
        this.clock = clock;
        this.random = random;
    }

    Seal seal() {
        return seal;
    }

    <T> T alone(Callable<T> work) {
        return folder.alone(work);
    }

    Opened write(Draft draft, Duration life, Duration waits) {
        var asked = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        var nonce = new byte[16];
        random.nextBytes(nonce);
        var request = Opened.fresh(freeName(), HexFormat.of().formatHex(nonce), draft, asked, asked.plus(waits), life);
        folder.write(
                request.name() + REQUEST, Sealed.wrap(request.body(), seal.of(Seal.Label.REQUEST, request.body())));
        return request;
    }

    private String freeName() {
        String name;
        do {
            name = Names.fresh(random);
        } while (folder.has(name + REQUEST) || folder.has(name + APPROVAL) || folder.has(name + SPENT));
        return name;
    }

    Requested told(Opened request) {
        return new Requested(request.name(), folder.file(request.name() + REQUEST), request.expires());
    }

    Opened sealed(String name) {
        if (!Names.looksRight(name)) {
            throw unknown(name.length() <= 60 ? name : name.substring(0, 60) + "…");
        }
        return unsealed(name, folder.read(name + REQUEST).orElseThrow(() -> unknown(name)));
    }

    Opened unsealed(String name, String whole) {
        var request = Sealed.body(seal, Seal.Label.REQUEST, whole, "")
                .map(Opened::of)
                .orElseThrow(() -> invalid(
                        "The request " + name + " was altered, or sealed under another approval_secret.", ASK_ANEW));
        // A copied file keeps its seal under any name, but would be spent under each.
        if (Names.looksRight(name) && !request.name().equals(name)) {
            throw invalid("The file of the request " + name + " holds the request " + request.name() + ".", ASK_ANEW);
        }
        return request;
    }

    boolean approved(String name) {
        return folder.has(name + APPROVAL);
    }

    Optional<String> approval(String name) {
        return folder.read(name + APPROVAL);
    }

    void approve(Opened shown, Consent consent) {
        folder.write(shown.name() + APPROVAL, consent.sealed(seal, shown));
    }

    void requireNotSpent(String name) {
        if (folder.has(name + SPENT)) {
            throw spent(name);
        }
    }

    /** Of any number of processes one comes through. */
    void spend(String name) {
        if (!folder.create(name + SPENT, clock.instant() + "\n")) {
            throw spent(name);
        }
    }

    void withdraw(String name) {
        if (Names.looksRight(name)) {
            folder.delete(name + REQUEST);
            folder.delete(name + APPROVAL);
        }
    }

    List<Opened> waiting() {
        var waiting = new ArrayList<Opened>();
        for (var name : folder.names(REQUEST)) {
            intact(name)
                    .filter(request ->
                            !folder.has(name + SPENT) && clock.instant().isBefore(request.expires()))
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
            return Optional.of(sealed(name));
        } catch (ToolException refused) {
            if (refused.code() == APPROVAL_INVALID) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /** The mark of a spent consent goes last: without its request it can no longer be missed. */
    void clean() {
        for (var name : folder.names(REQUEST)) {
            intact(name).filter(this::longOver).ifPresent(request -> {
                folder.delete(name + REQUEST);
                folder.delete(name + APPROVAL);
                folder.delete(name + SPENT);
            });
        }
    }

    private boolean longOver(Opened request) {
        Instant end = request.expires().plus(request.consentLife()).plus(REMEMBERED);
        return clock.instant().isAfter(end);
    }

    private static ToolException unknown(String name) {
        return invalid("There is no request `" + name + "` here.", ASK_ANEW);
    }

    private static ToolException spent(String name) {
        return invalid("The approval " + name + " was used already: each is good for one act.", ASK_ANEW);
    }

    static ToolException invalid(String text, String hint) {
        return new ToolException(APPROVAL_INVALID, text, hint);
    }
}
