package org.pgcluster.guard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** The secret under which everything is sealed: the configured one, else one made here once and kept in a file. */
final class Key {
    static final String FILE = "approval.key";
    private static final int BYTES = 32;

    private Key() {}

    static Seal seal(Folder state, Optional<Secret> configured, SecureRandom random) {
        return new Seal(configured
                .map(secret -> secret.reveal().getBytes(UTF_8))
                .orElseGet(() -> state.alone(() -> kept(state, random))));
    }

    private static byte[] kept(Folder state, SecureRandom random) {
        var there = state.read(FILE);
        if (there.isEmpty()) {
            var fresh = new byte[BYTES];
            random.nextBytes(fresh);
            state.write(FILE, HexFormat.of().formatHex(fresh) + "\n");
            return fresh;
        }
        if (state.openTo(FILE, PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ)) {
            throw spoilt("may be read by others");
        }
        var text = there.get().strip();
        if (!text.matches("[0-9a-f]{" + 2 * BYTES + "}")) {
            throw spoilt("does not hold a key of " + BYTES + " bytes");
        }
        return HexFormat.of().parseHex(text);
    }

    private static ToolException spoilt(String why) {
        return new ToolException(
                ErrorCode.NOT_CONFIGURED,
                FILE + " in the state folder " + why + ". No act runs with it.",
                "Delete it for a new one (requests that wait lose their seal), or set approval_secret.");
    }
}
