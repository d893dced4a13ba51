package org.pgcluster.config;

import java.util.Map;
import java.util.Set;

/** The JDBC driver's names for what libpq calls otherwise. What only tunes that driver is left out. */
final class JdbcParameters {
    private static final Map<String, String> NAMES = Map.of(
            "connectTimeout", "connect_timeout",
            "loginTimeout", "connect_timeout",
            "ApplicationName", "application_name",
            "channelBinding", "channel_binding",
            "gssEncMode", "gssencmode",
            "kerberosServerName", "krbsrvname",
            "sslNegotiation", "sslnegotiation",
            "PGHOST", "host",
            "PGPORT", "port",
            "PGDBNAME", "dbname");
    private static final Map<String, String> SERVER_TYPES = Map.of(
            "any", "any",
            "primary", "primary",
            "master", "primary",
            "secondary", "standby",
            "slave", "standby",
            "preferSecondary", "prefer-standby",
            "preferSlave", "prefer-standby");
    private static final Set<String> TUNING = Set.of(
            "prepareThreshold",
            "preparedStatementCacheQueries",
            "preparedStatementCacheSizeMiB",
            "preferQueryMode",
            "defaultRowFetchSize",
            "reWriteBatchedInserts",
            "stringtype",
            "binaryTransfer",
            "binaryTransferEnable",
            "binaryTransferDisable",
            "loggerLevel",
            "loggerFile",
            "logUnclosedConnections",
            "assumeMinServerVersion",
            "autosave",
            "cleanupSavepoints",
            "readOnly",
            "readOnlyMode",
            "socketTimeout",
            "cancelSignalTimeout",
            "tcpNoDelay",
            "adaptiveFetch",
            "escapeSyntaxCallMode",
            "hostRecheckSeconds",
            "databaseMetadataCacheFields",
            "databaseMetadataCacheFieldsMiB",
            "disableColumnSanitiser",
            "maxResultBuffer",
            "sendBufferSize",
            "receiveBufferSize",
            "unknownLength",
            "allowEncodingChanges");

    private JdbcParameters() {}

    static void add(String name, String value, Map<String, String> found) throws Unreadable {
        if (TUNING.contains(name)) {
            return;
        }
        if (name.equals("ssl")) {
            // The driver's ssl=true checks certificate and host; a weaker reading would be a surprise.
            if (!value.equals("false")) {
                found.putIfAbsent("sslmode", "verify-full");
            }
        } else if (name.equals("targetServerType")) {
            var libpq = SERVER_TYPES.get(value);
            if (libpq == null) {
                throw new Unreadable("has a targetServerType that is none of any, primary, secondary, preferSecondary");
            }
            found.put("target_session_attrs", libpq);
        } else if (name.equals("tcpKeepAlive")) {
            found.put("keepalives", value.equals("true") ? "1" : "0");
        } else if (name.equals("loadBalanceHosts")) {
            found.put("load_balance_hosts", value.equals("true") ? "random" : "disable");
        } else {
            ConnectionParameters.add(NAMES.getOrDefault(name, name), value, found);
        }
    }
}
