package org.pgcluster.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/**
 * How to reach a PostgreSQL, whichever spelling it was given in. {@code parameters} are libpq's, by libpq's names
 * (sslmode, sslrootcert, target_session_attrs, connect_timeout, options …).
 */
public record Dsn(
        List<Address> hosts,
        String database,
        Optional<String> user,
        Optional<Secret> password,
        Map<String, String> parameters) {
    public Dsn {
        hosts = List.copyOf(hosts);
        parameters = Map.copyOf(parameters);
    }

    /** Reads any spelling by itself, without what files and variables could add to it. */
    public static Dsn parse(String text) {
        try {
            return ConnectionText.dsn(ConnectionText.read(text), 5432);
        } catch (Unreadable wrong) {
            throw ToolException.invalidInput("The connection " + wrong.text() + ".", null);
        }
    }

    /** The first host that is not this machine; null where all are. A numeric hostaddr is where libpq really goes. */
    public @Nullable String remoteHost() {
        for (var address : hosts) {
            if (!Hosts.isLoopback(address.host())) {
                return address.host();
            }
        }
        var numbers = parameters.get("hostaddr");
        if (numbers != null) {
            for (var number : ConnectionText.split(numbers, ',')) {
                if (!number.isBlank() && !Hosts.isLoopback(number.strip())) {
                    return number.strip();
                }
            }
        }
        return null;
    }
}
