package org.pgcluster.config;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What libpq adds to a connection by itself: its variables, the service file, the password file. */
final class Completion {
    private static final String[][] VARIABLES = {
        {"PGHOST", "host"},
        {"PGHOSTADDR", "hostaddr"},
        {"PGPORT", "port"},
        {"PGDATABASE", "dbname"},
        {"PGUSER", "user"},
        {"PGPASSWORD", "password"},
        {"PGPASSFILE", "passfile"},
        {"PGREQUIREAUTH", "require_auth"},
        {"PGCHANNELBINDING", "channel_binding"},
        {"PGOPTIONS", "options"},
        {"PGSSLMODE", "sslmode"},
        {"PGREQUIRESSL", "requiressl"},
        {"PGSSLNEGOTIATION", "sslnegotiation"},
        {"PGSSLCOMPRESSION", "sslcompression"},
        {"PGSSLCERT", "sslcert"},
        {"PGSSLKEY", "sslkey"},
        {"PGSSLCERTMODE", "sslcertmode"},
        {"PGSSLROOTCERT", "sslrootcert"},
        {"PGSSLCRL", "sslcrl"},
        {"PGSSLCRLDIR", "sslcrldir"},
        {"PGSSLSNI", "sslsni"},
        {"PGREQUIREPEER", "requirepeer"},
        {"PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"},
        {"PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"},
        {"PGGSSENCMODE", "gssencmode"},
        {"PGKRBSRVNAME", "krbsrvname"},
        {"PGGSSLIB", "gsslib"},
        {"PGGSSDELEGATION", "gssdelegation"},
        {"PGCONNECT_TIMEOUT", "connect_timeout"},
        {"PGTARGETSESSIONATTRS", "target_session_attrs"},
        {"PGLOADBALANCEHOSTS", "load_balance_hosts"}
    };

    private final Inputs inputs;
    private final Problems problems;

    Completion(Inputs inputs, Problems problems) {
        this.inputs = inputs;
        this.problems = problems;
    }

    static boolean reads(String variable) {
        return Arrays.stream(VARIABLES).anyMatch(pair -> pair[0].equals(variable));
    }

    /** Whether libpq's variables alone say where to connect. */
    boolean namesAPlace() {
        return inputs.variable("PGHOST") != null
                || inputs.variable("PGHOSTADDR") != null
                || inputs.variable("PGSERVICE") != null;
    }

    Map<String, String> withService(Map<String, String> found) throws Unreadable {
        var service = found.get("service");
        return service == null ? found : withService(found, service);
    }

    private Map<String, String> withService(Map<String, String> found, String service) throws Unreadable {
        var values = new ServiceFile(inputs).read(service, found.get("servicefile"));
        for (var entry : values.entrySet()) {
            found.putIfAbsent(entry.getKey(), entry.getValue());
        }
        ConnectionParameters.check(found);
        return found;
    }

    void fromVariables(Map<String, String> found) {
        var service = inputs.variable("PGSERVICE");
        if (service != null && !found.containsKey("service")) {
            try {
                withService(found, service);
            } catch (Unreadable wrong) {
                problems.add("coordinator_dsn", "environment PGSERVICE", "PGSERVICE " + wrong.text() + ".");
            }
        }
        for (var variable : VARIABLES) {
            var value = inputs.variable(variable[0]);
            if (value != null && !found.containsKey(variable[1]) && !contradicts(variable[1], found)) {
                add(variable[0], variable[1], value, found);
            }
        }
    }

    /** PGHOSTADDR belongs to PGHOST: for a host that was written it would lead elsewhere. */
    private static boolean contradicts(String keyword, Map<String, String> found) {
        return keyword.equals("hostaddr") && found.containsKey("host");
    }

    private void add(String variable, String keyword, String value, Map<String, String> found) {
        found.put(keyword, value);
        try {
            ConnectionParameters.check(found);
        } catch (Unreadable wrong) {
            found.remove(keyword);
            problems.add("coordinator_dsn", "environment ".concat(variable), variable + " " + wrong.text() + ".");
        }
    }

    /** The first variable that would add something of weight; null where none would. */
    @Nullable
    String firstThatWouldFill(Map<String, String> found) {
        if (inputs.variable("PGSERVICE") != null) {
            return "PGSERVICE";
        }
        for (var variable : VARIABLES) {
            if (inputs.variable(variable[0]) != null && !found.containsKey(variable[1])) {
                return variable[0];
            }
        }
        return null;
    }

    @Nullable
    String password(Dsn dsn, @Nullable String passfile) {
        var written = passfile != null ? passfile : inputs.variable("PGPASSFILE");
        return new PasswordFile(inputs, problems).find(dsn, written);
    }
}
