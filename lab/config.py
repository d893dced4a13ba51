"""The configuration files of an estate, as text."""
import json

HBA = ["local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256",
       "host replication all 127.0.0.1/32 scram-sha-256"]


def patroni(estate, member):
    parameters = {
        "wal_level": "logical", "max_connections": 100, "max_worker_processes": 24, "shared_buffers": "32MB",
        "max_prepared_transactions": 200, "hot_standby": "on", "wal_keep_size": "64MB", "fsync": "off",
        "dynamic_shared_memory_type": "mmap", "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on",
        "timezone": "UTC", "log_timezone": "UTC",
    }
    if estate.citus:
        parameters |= {
            "shared_preload_libraries": "citus,pg_stat_statements", "citus.stat_statements_track": "all",
            "citus.stat_tenants_track": "all", "citus.node_conninfo": "sslmode=prefer",
            "citus.max_background_task_executors_per_node": 2, "citus.defer_shard_delete_interval": 1000,
            "citus.background_task_queue_interval": 1000,
        }
    passwords = estate.passwords
    settings = {
        "scope": estate.name, "name": member["name"],
        "restapi": {"listen": f"127.0.0.1:{member['rest']}", "connect_address": f"127.0.0.1:{member['rest']}",
                    "authentication": {"username": "patroni", "password": passwords["patroni"]}},
        "etcd3": {"host": f"127.0.0.1:{estate.ports['etcd']}"},
        "bootstrap": {
            "dcs": {"ttl": 20, "loop_wait": 2, "retry_timeout": 5, "maximum_lag_on_failover": 1048576,
                    "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": parameters}},
            "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, {"auth-host": "scram-sha-256"},
                       {"auth-local": "scram-sha-256"}, "data-checksums", "no-sync"],
        },
        "postgresql": {
            "listen": f"127.0.0.1:{member['port']}", "connect_address": f"127.0.0.1:{member['port']}",
            "data_dir": str(estate.folder / member["name"]), "bin_dir": estate.bin_dir,
            "pgpass": str(estate.folder / f"{member['name']}.pgpass"),
            "basebackup": [{"checkpoint": "fast"}, "no-sync"],
            "authentication": {"superuser": {"username": "postgres", "password": passwords["postgres"]},
                               "replication": {"username": "replicator", "password": passwords["replicator"]},
                               "rewind": {"username": "postgres", "password": passwords["postgres"]}},
            "parameters": {"unix_socket_directories": str(estate.folder)}, "pg_hba": HBA,
        },
    }
    if estate.citus:
        settings["citus"] = {"group": member["group"], "database": "app"}
    return json.dumps(settings, indent=1)  # JSON is YAML


def haproxy(estate):
    servers = "\n".join(f"  server {m['name']} 127.0.0.1:{m['port']} maxconn 100 check port {m['rest']}"
                        for m in estate.members if m["group"] == 0)
    ports = estate.ports
    return f"""global
  maxconn 500
  stats socket {estate.folder}/haproxy.sock mode 660 level admin
defaults
  mode tcp
  timeout connect 4s
  timeout client 30m
  timeout server 30m
  timeout check 5s
listen stats
  mode http
  bind 127.0.0.1:{ports['haproxy_stats']}
  stats enable
  stats uri /stats
  stats auth stats:{estate.passwords['haproxy']}
frontend rw
  bind 127.0.0.1:{ports['haproxy_rw']}
  default_backend coordinator_primary
frontend ro
  bind 127.0.0.1:{ports['haproxy_ro']}
  default_backend coordinator_replicas
backend coordinator_primary
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
backend coordinator_replicas
  option httpchk OPTIONS /replica
  http-check expect status 200
  default-server inter 1s fall 2 rise 1
{servers}
"""


def pgbouncer(estate):
    port = estate.ports["haproxy_rw"]
    return f"""[databases]
app = host=127.0.0.1 port={port} dbname=app
postgres = host=127.0.0.1 port={port} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {estate.ports['pgbouncer']}
unix_socket_dir = {estate.folder}
auth_type = scram-sha-256
auth_file = {estate.folder}/users.txt
admin_users = postgres
stats_users = mcp_user
pool_mode = transaction
max_client_conn = 200
default_pool_size = 10
server_login_retry = 1
ignore_startup_parameters = extra_float_digits,options
"""


def pgbouncer_users(estate):
    """In clear: PgBouncer needs it so, to log in to PostgreSQL by SCRAM on a client's behalf."""
    return "".join(f'"{role}" "{estate.passwords[role]}"\n' for role in ("postgres", "app", "mcp_user", "dpg_cluster"))


def pgpass(estate):
    """Citus opens connections from node to node as the role that asks; this is where it finds that role's password."""
    return "".join(f"{host}:*:*:{role}:{estate.passwords[role]}\n"
                   for host in ("127.0.0.1", "localhost")  # a node calls itself localhost: citus.local_hostname
                   for role in ("postgres", "app", "mcp_user", "dpg_cluster"))
