package org.pgcluster.config;

import static org.pgcluster.config.Key.Form.DSN;
import static org.pgcluster.config.Key.Form.DSNS;
import static org.pgcluster.config.Key.Form.LIST;
import static org.pgcluster.config.Key.Form.PATH;
import static org.pgcluster.config.Key.Form.SWITCH;
import static org.pgcluster.config.Key.Form.TEXT;
import static org.pgcluster.config.Key.Form.URLS;
import static org.pgcluster.config.Key.Form.WHOLE;
import static org.pgcluster.config.Key.Form.WORD;
import static org.pgcluster.config.Key.ofCluster;
import static org.pgcluster.config.Key.ofServer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Every key there is, in the order in which the documentation shows them. */
public final class Keys {
    public static final Key<String> COORDINATOR_DSN = Key.<String>ofCluster(
                    "coordinator_dsn",
                    DSN,
                    "",
                    "The PostgreSQL to read from, with Citus its coordinator: a postgres:// or postgresql:// URL, a libpq"
                            + " keyword string or a jdbc:postgresql: URL, with several hosts and libpq's TLS parameters.")
            .asSecret()
            .alsoIn("POSTGRES_URL", "DATABASE_URI")
            .alsoAs("postgres.coordinator_url");
    public static final Key<String> COORDINATOR_USER =
            ofCluster("coordinator_user", TEXT, "", "Wins over the user in coordinator_dsn.");
    public static final Key<String> COORDINATOR_PASSWORD = Key.<String>ofCluster(
                    "coordinator_password", TEXT, "", "Wins over the password in coordinator_dsn.")
            .asSecret();
    public static final Key<String> DIRECT_DSN = Key.<String>ofCluster(
                    "direct_dsn",
                    DSN,
                    "",
                    "The coordinator without proxy or pooler. Only its host, port and TLS count: acts, cancels and what"
                            + " refuses a transaction block go there.")
            .asSecret()
            .alsoAs("postgres.direct_coordinator_url");
    public static final Key<String> ADMIN_DSN = Key.<String>ofCluster(
                    "admin_dsn",
                    DSN,
                    "",
                    "The login of acts. Must be written where allow_execute is on, even if it equals coordinator_dsn; an estate"
                            + " without any PostgreSQL DSN needs none.")
            .asSecret()
            .alsoIn("POSTGRES_ADMIN_URL");
    public static final Key<String> ADMIN_USER = ofCluster("admin_user", TEXT, "", "Wins over the user in admin_dsn.");
    public static final Key<String> ADMIN_PASSWORD = Key.<String>ofCluster(
                    "admin_password", TEXT, "", "Wins over the password in admin_dsn.")
            .asSecret();
    public static final Key<String> WORKER_DSNS = Key.<String>ofCluster(
                    "worker_dsns",
                    DSNS,
                    "",
                    "The Citus workers, a list or separated by commas. Default: pg_dist_node, with the coordinator's"
                            + " credentials.")
            .asSecret();
    public static final Key<String> PATRONI_URLS = Key.<String>ofCluster(
                    "patroni_urls",
                    URLS,
                    "",
                    "Patroni's REST interface, one member of each group; the others are found.")
            .asSecret()
            .alsoIn("PATRONI_URL")
            .alsoAs("patroni.api_url");
    public static final Key<String> HAPROXY_URLS = Key.<String>ofCluster(
                    "haproxy_urls",
                    URLS,
                    "",
                    "HAProxy's statistics page (http://…/stats, ;csv optional) or its runtime socket (unix:/path,"
                            + " tcp:host:port).")
            .asSecret()
            .alsoIn("HAPROXY_STATS_URL")
            .alsoAs("haproxy.stats_url");
    public static final Key<String> PGBOUNCER_DSNS = Key.<String>ofCluster(
                    "pgbouncer_dsns", DSNS, "", "The admin consoles of PgBouncer, a list or separated by commas.")
            .asSecret();
    public static final Key<String> PATRONI_USER =
            ofCluster("patroni_user", TEXT, "", "User of Patroni's REST interface.");
    public static final Key<String> PATRONI_PASSWORD = Key.<String>ofCluster(
                    "patroni_password", TEXT, "", "Password of Patroni's REST interface.")
            .asSecret();
    public static final Key<String> PATRONI_CA_FILE =
            ofCluster("patroni_ca_file", PATH, "", "Certificates (PEM) that Patroni's must be signed by.");
    public static final Key<String> PATRONI_CERT_FILE =
            ofCluster("patroni_cert_file", PATH, "", "Client certificate (PEM) for Patroni.");
    public static final Key<String> PATRONI_KEY_FILE =
            ofCluster("patroni_key_file", PATH, "", "Key (PEM) of patroni_cert_file.");
    public static final Key<String> HAPROXY_USER =
            ofCluster("haproxy_user", TEXT, "", "User of HAProxy's statistics page.");
    public static final Key<String> HAPROXY_PASSWORD = Key.<String>ofCluster(
                    "haproxy_password", TEXT, "", "Password of HAProxy's statistics page.")
            .asSecret();
    public static final Key<String> HAPROXY_CA_FILE =
            ofCluster("haproxy_ca_file", PATH, "", "Certificates (PEM) that HAProxy's must be signed by.");
    public static final Key<String> HAPROXY_CERT_FILE =
            ofCluster("haproxy_cert_file", PATH, "", "Client certificate (PEM) for HAProxy.");
    public static final Key<String> HAPROXY_KEY_FILE =
            ofCluster("haproxy_key_file", PATH, "", "Key (PEM) of haproxy_cert_file.");
    public static final Key<String> KUBECONFIG = Key.<String>ofCluster(
            "kubeconfig", TEXT, "", "kubectl's configuration, one file or several. Default: as kubectl finds it.");
    public static final Key<String> KUBE_CONTEXT =
            ofCluster("kube_context", TEXT, "", "The context in kubeconfig. Default: its current one.");
    public static final Key<String> KUBE_NAMESPACE =
            ofCluster("kube_namespace", TEXT, "", "The namespace to look in. Default: the context's.");
    public static final Key<String> MODE = Key.<String>ofCluster(
                    "mode",
                    WORD,
                    "read_only",
                    "read_only; plan: acts answer their plan and the commands for a person to run, and no admin"
                            + " connection is ever made; admin.")
            .taking("read_only", "plan", "admin");
    public static final Key<Boolean> ALLOW_EXECUTE =
            ofCluster("allow_execute", SWITCH, "false", "Acts run only with mode: admin and this.");
    public static final Key<List<String>> ACTS =
            ofCluster("acts", LIST, "", "The acts allowed, by name or toolset; -name takes one out. Default: all.");
    public static final Key<String> APPROVAL = Key.<String>ofCluster(
                    "approval",
                    WORD,
                    "human",
                    "How acts are approved. human: a form where the client shows forms, else the console; form; console;"
                            + " self: the assistant may, only where every address is loopback.")
            .taking("human", "form", "console", "self");
    public static final Key<String> ROW_DATA = Key.<String>ofCluster(
                    "row_data",
                    WORD,
                    "allow",
                    "deny: no execute_sql, no sample or tenant values, no literals: only structure and statistics leave.")
            .taking("allow", "deny");
    public static final Key<Integer> EXPECT_MEMBERS = Key.<Integer>ofCluster(
                    "expect.members_per_group", WHOLE, "", "Patroni members that each group should have.")
            .from(1, 100);
    public static final Key<Integer> EXPECT_WORKERS = Key.<Integer>ofCluster(
                    "expect.workers", WHOLE, "", "Citus workers that there should be.")
            .from(0, 10_000);
    public static final Key<Boolean> EXPECT_SYNCHRONOUS =
            ofCluster("expect.synchronous", SWITCH, "", "Whether replication should be synchronous.");
    public static final Key<Boolean> ALLOW_PLAINTEXT =
            ofCluster("allow_plaintext", SWITCH, "false", "Allows clear-text passwords to hosts other than loopback.");
    public static final Key<List<String>> ALLOWED_FUNCTIONS = ofCluster(
            "allowed_functions",
            LIST,
            "",
            "User functions that reading SQL may call, by signature: schema.name(type, type). Separated by semicolons.");
    public static final Key<Integer> HOST_MEMORY_MB = Key.<Integer>ofCluster(
                    "host_memory_mb",
                    WHOLE,
                    "",
                    "Memory of the database host, which memory settings are judged against.")
            .from(64, 100_000_000);
    public static final Key<Integer> CONNECT_TIMEOUT = Key.<Integer>ofCluster(
                    "connect_timeout_seconds", WHOLE, "10", "How long a connection may take to be made.")
            .from(1, 3600);
    public static final Key<Integer> STATEMENT_TIMEOUT = Key.<Integer>ofCluster(
                    "statement_timeout_ms", WHOLE, "30000", "How long a reading statement may run.")
            .from(1, 86_400_000);
    public static final Key<Integer> HTTP_TIMEOUT = Key.<Integer>ofCluster(
                    "http_timeout_ms", WHOLE, "5000", "How long a request to Patroni, HAProxy or Kubernetes may take.")
            .from(1, 3_600_000);
    public static final Key<Integer> ACT_LOCK_TIMEOUT = Key.<Integer>ofCluster(
                    "act_lock_timeout_ms",
                    WHOLE,
                    "5000",
                    "How long a step of an act may wait for a lock that others would queue behind.")
            .from(1, 3_600_000);
    public static final Key<Integer> POOL_SIZE = Key.<Integer>ofCluster(
                    "pool_size", WHOLE, "8", "Connections at most, for each cluster and login.")
            .from(1, 1000);

    public static final Key<String> APPROVAL_SECRET = Key.<String>ofServer(
                    "approval_secret",
                    TEXT,
                    "",
                    "What approvals are sealed with, at least 16 characters. Default: a key file made in state_dir.")
            .asSecret();
    public static final Key<Integer> APPROVAL_TTL = Key.<Integer>ofServer(
                    "approval_ttl_seconds", WHOLE, "300", "Life of an approval from the moment of consent.")
            .from(10, 86_400);
    public static final Key<Integer> REQUEST_TTL = Key.<Integer>ofServer(
                    "request_ttl_seconds", WHOLE, "3600", "Life of a request for approval.")
            .from(10, 604_800);
    public static final Key<String> STATE_DIR = ofServer(
            "state_dir",
            PATH,
            "",
            "Requests, approvals and audit. Default: $XDG_STATE_HOME/pgcluster-mcp, else ~/.local/state/pgcluster-mcp.");
    public static final Key<String> AUDIT_FILE =
            ofServer("audit_file", PATH, "", "One line for each act. Default: audit.jsonl in state_dir.");
    public static final Key<Boolean> AUDIT_READS =
            ofServer("audit_reads", SWITCH, "false", "Also a line for each read.");
    public static final Key<List<String>> TOOLSETS = Key.<List<String>>ofServer(
                    "toolsets",
                    LIST,
                    "",
                    "The toolsets listed; -name takes one out. Default: core postgres citus tables, and each other whose"
                            + " address is configured.")
            .taking("core", "postgres", "citus", "tables", "patroni", "haproxy", "pgbouncer", "registry", "cnpg");
    public static final Key<Boolean> LIST_ALIASES =
            ofServer("list_aliases", SWITCH, "false", "Also lists the second names of tools.");
    public static final Key<String> DEFAULT_CLUSTER =
            ofServer("default_cluster", TEXT, "", "Which cluster reads use when none is named.");
    public static final Key<List<String>> DISCOVERY_HOSTS = ofServer(
            "discovery_hosts",
            LIST,
            "",
            "Hosts, and domains that begin with a dot, that are given credentials when discovered. Default: hosts and"
                    + " domains of the configured addresses, and loopback.");
    public static final Key<Integer> MAX_ROWS = Key.<Integer>ofServer(
                    "max_rows", WHOLE, "200", "Rows that one answer may hold.")
            .from(1, 100_000);
    public static final Key<Integer> MAX_TEXT_BYTES = Key.<Integer>ofServer(
                    "max_text_bytes",
                    WHOLE,
                    "40000",
                    "What one answer may hold, text and structured content together. Clients refuse more than some 25,000"
                            + " tokens.")
            .from(1000, 100_000_000);
    public static final Key<Boolean> ENABLE_CACHING =
            ofServer("enable_caching", SWITCH, "true", "Keeps metadata that is costly to read for a moment.");
    public static final Key<Integer> CACHE_TTL = Key.<Integer>ofServer("cache_ttl_seconds", WHOLE, "5", "For how long.")
            .from(0, 3600);
    public static final Key<Integer> MAX_CONCURRENT_CALLS = Key.<Integer>ofServer(
                    "max_concurrent_calls", WHOLE, "8", "Calls at once; the rest wait in line.")
            .from(1, 1000);
    public static final Key<String> LOG_LEVEL = Key.<String>ofServer("log_level", WORD, "info", "What goes to stderr.")
            .taking("debug", "info", "warn", "error");
    public static final Key<String> LOG_FORMAT = Key.<String>ofServer("log_format", WORD, "text", "How it looks there.")
            .taking("text", "json");
    public static final Key<String> TRANSPORT = Key.<String>ofServer(
                    "transport", WORD, "stdio", "How clients reach the server. Only stdio exists.")
            .taking("stdio")
            .alsoIn("MCP_TRANSPORT");

    public static final List<Key<?>> ALL = List.of(
            COORDINATOR_DSN,
            COORDINATOR_USER,
            COORDINATOR_PASSWORD,
            DIRECT_DSN,
            ADMIN_DSN,
            ADMIN_USER,
            ADMIN_PASSWORD,
            WORKER_DSNS,
            PATRONI_URLS,
            HAPROXY_URLS,
            PGBOUNCER_DSNS,
            PATRONI_USER,
            PATRONI_PASSWORD,
            PATRONI_CA_FILE,
            PATRONI_CERT_FILE,
            PATRONI_KEY_FILE,
            HAPROXY_USER,
            HAPROXY_PASSWORD,
            HAPROXY_CA_FILE,
            HAPROXY_CERT_FILE,
            HAPROXY_KEY_FILE,
            KUBECONFIG,
            KUBE_CONTEXT,
            KUBE_NAMESPACE,
            MODE,
            ALLOW_EXECUTE,
            ACTS,
            APPROVAL,
            ROW_DATA,
            EXPECT_MEMBERS,
            EXPECT_WORKERS,
            EXPECT_SYNCHRONOUS,
            ALLOW_PLAINTEXT,
            ALLOWED_FUNCTIONS,
            HOST_MEMORY_MB,
            CONNECT_TIMEOUT,
            STATEMENT_TIMEOUT,
            HTTP_TIMEOUT,
            ACT_LOCK_TIMEOUT,
            POOL_SIZE,
            APPROVAL_SECRET,
            APPROVAL_TTL,
            REQUEST_TTL,
            STATE_DIR,
            AUDIT_FILE,
            AUDIT_READS,
            TOOLSETS,
            LIST_ALIASES,
            DEFAULT_CLUSTER,
            DISCOVERY_HOSTS,
            MAX_ROWS,
            MAX_TEXT_BYTES,
            ENABLE_CACHING,
            CACHE_TTL,
            MAX_CONCURRENT_CALLS,
            LOG_LEVEL,
            LOG_FORMAT,
            TRANSPORT);

    private Keys() {}

    /** The key of this flag (either of dash and underscore); null where there is none. */
    public static @Nullable Key<?> byFlag(String flag) {
        var wanted = flag.replace('_', '-');
        if (wanted.equals("--dsn")) {
            return COORDINATOR_DSN;
        }
        for (var key : ALL) {
            if (key.flag().equals(wanted)) {
                return key;
            }
        }
        return null;
    }

    static @Nullable Key<?> byUpperName(String upper) {
        for (var key : ALL) {
            if (key.upperName().equals(upper)) {
                return key;
            }
        }
        return null;
    }

    /** By the name in a file, dotted where maps nest. */
    static @Nullable Key<?> byFileName(String name) {
        for (var key : ALL) {
            if (key.name().equals(name) || key.otherName().equals(name)) {
                return key;
            }
        }
        return null;
    }
}
