"""Faults that `lab/lab break` makes for real, and how `lab/lab heal` takes each back."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request

import config
import machine
from estate import HERE, get_json, until
from machine import LabError

FAULTS = {}
REFUSING = "host app all 127.0.0.1/32 reject  # the lab broke this"
SHARDS_BACK = "select rebalance_table_shards(shard_transfer_mode := 'block_writes')"


def fault(name, about, citus=False):
    """What the function returns is kept until `heal`: statements that take the fault back, each with its group."""
    def register(make):
        FAULTS[name] = (about, citus, make)
        return make
    return register


def listing(estate):
    return "\n".join(f"{name:<26}{about}" for name, (about, citus, _) in FAULTS.items() if estate.citus or not citus)


class Scene:
    """An estate with the handles that a fault needs. `group` is where most faults happen: a worker, where there is one."""

    def __init__(self, estate):
        self.estate = estate
        self.group = 1 if estate.citus else 0

    def leader(self, group=None):
        group = self.group if group is None else group
        named = self.estate.leader(group)
        if not named:
            raise LabError(f"group {group} has no leader; heal first: lab/lab heal --name {self.estate.name}")
        return next(m for m in self.estate.members if m["name"] == named["name"])

    def replica(self, group=None):
        leader = self.leader(group)
        return next(m for m in self.estate.members if m["group"] == leader["group"] and m != leader)

    def sql(self, member, *statements):
        return self.estate.sql(member["port"], "app", *statements)

    def sql_in(self, member, database, *statements):
        return self.estate.sql(member["port"], database, *statements)

    def coordinator(self, *statements):
        return self.sql(self.leader(0), *statements)

    def patroni(self, member):
        """Patroni and what it started, without PostgreSQL."""
        return [pid for pid in machine.processes(self.estate.folder) if f"{member['name']}.yml" in command(pid)]

    def postmaster(self, member):
        """By its command, since a data folder may lie on a disk that only its server sees."""
        data = str(self.estate.folder / member["name"])
        for pid in machine.processes(self.estate.folder):
            words = command(pid).split(" ")
            if words[0].endswith("/postgres") and data in words:
                return pid
        raise LabError(f"the PostgreSQL of {member['name']} does not run")

    def reload(self, member):
        try:
            machine.send(self.postmaster(member), signal.SIGHUP)
        except LabError:
            return  # it does not run, and reads its files when it starts

    def kill_postgres(self, member):
        try:
            pid = self.postmaster(member)
        except LabError:
            return  # it does not run
        for one in machine.processes(self.estate.folder):
            if parent(one) == pid:
                machine.send(one, signal.SIGKILL)
        machine.send(pid, signal.SIGKILL)

    def kill(self, member):
        for pid in self.patroni(member):
            machine.send(pid, signal.SIGKILL)
        self.kill_postgres(member)

    def hold(self, script):
        """A session that stays until `heal`; PGPASSFILE lets it in."""
        machine.spawn(self.estate.folder, "holder", ["sh", "-c", f": lab-holder; {script}"])

    def session(self, port, role="postgres", database="app"):
        return f"{self.estate.bin_dir}/psql -XAtq -h 127.0.0.1 -p {port} -U {role} -d {database}"

    def open_transaction(self, port, *statements):
        begun = "; ".join(["begin", *statements])
        self.hold(f"(echo {shlex.quote(begun + ';')}; sleep 100000) | {self.session(port)}")

    def patch(self, group, change):
        """Patroni's configuration in the DCS."""
        member = self.leader(group)
        send(member, "PATCH", "/config", self.estate, change)

    def haproxy(self, text):
        """Starts HAProxy anew with another configuration."""
        folder = self.estate.folder
        machine.write(folder / "haproxy.cfg", text)
        for pid, name in machine.processes(folder).items():
            if name == "haproxy":
                machine.send(pid, signal.SIGKILL)
        until(5, "HAProxy to end", lambda: "haproxy" not in machine.processes(folder).values())
        machine.spawn(folder, "haproxy", [machine.program("haproxy"), "-db", "-f", "haproxy.cfg"])

    def tell_haproxy(self, *commands):
        import socket
        for one in commands:
            with socket.socket(socket.AF_UNIX) as runtime:
                runtime.connect(str(self.estate.folder / "haproxy.sock"))
                runtime.sendall(f"{one}\n".encode())
                said = runtime.recv(4096).decode().strip()
                if said and "changed" not in said:
                    raise LabError(f"HAProxy refused `{one}`: {said}")

    def node(self, group):
        return self.coordinator(f"select nodeid from pg_dist_node where groupid = {group} and noderole = 'primary'")


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().replace("\0", " ")
    except OSError:
        return ""  # ended meanwhile


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # ended meanwhile


def send(member, method, path, estate, body):
    import base64
    login = base64.b64encode(f"patroni:{estate.passwords['patroni']}".encode()).decode()
    request = urllib.request.Request(f"http://127.0.0.1:{member['rest']}{path}", json.dumps(body).encode(), method=method,
                                     headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read().decode()


# --- Patroni and PostgreSQL ---

@fault("postgres-cannot-start", "a leader's PostgreSQL is killed and its configuration keeps it from starting again")
def postgres_cannot_start(scene):
    member = scene.leader()
    base = data_of(scene, member) / "postgresql.base.conf"
    machine.write(base, base.read_text() + "\nlab_broke_this = on\n")
    scene.kill_postgres(member)
    until(60, "Patroni to give up on it", lambda: (scene.estate.leader(scene.group) or member)["name"] != member["name"])


@fault("leader-dead", "Patroni and PostgreSQL of a leader are gone, as after the loss of its host")
def leader_dead(scene):
    old = scene.leader()
    others = [m for m in scene.estate.cluster(scene.group) if m["name"] != old["name"]]
    barred = all("nofailover" in m.get("tags", {}) for m in others)
    scene.kill(old)
    until(60, "its lock to be gone" if barred else "another leader",
          lambda: (scene.estate.leader(scene.group) or ({"name": None} if barred else old))["name"] != old["name"])


@fault("metadata-behind", "as leader-dead, and Citus' metadata still names the dead one", citus=True)
def metadata_behind(scene):
    old = scene.leader()
    leader_dead(scene)
    row = f"select nodeport <> {old['port']} from pg_dist_node where groupid = {scene.group}"
    until(30, "Patroni to tell Citus", lambda: scene.coordinator(row) == "t")
    return move_node(scene, old["port"])


@fault("failover-unnoticed", "a leader died and came back as a replica, and Citus' metadata still names it", citus=True)
def failover_unnoticed(scene):
    undo = metadata_behind(scene)
    scene.estate.start_members([m for m in scene.estate.members if not scene.patroni(m)])
    until(90, "the old leader to follow", lambda: scene.estate.group_is_whole(scene.group) and all_answer(scene.estate, scene.group))
    scene.estate.wait_for_standbys([scene.group])
    return undo


@fault("replica-dead", "Patroni and PostgreSQL of a replica are gone")
def replica_dead(scene):
    member = scene.replica()
    expected = sum(one["group"] == member["group"] for one in scene.estate.members)
    scene.kill(member)
    until(60, "Patroni to miss it", lambda: len(scene.estate.cluster(scene.group)) < expected)


@fault("group-down", "every member of a worker group is gone", citus=True)
def group_down(scene):
    for member in scene.estate.members:
        if member["group"] == scene.group:
            scene.kill(member)


@fault("patroni-paused", "Patroni is paused: it watches and does nothing")
def patroni_paused(scene):
    scene.patch(scene.group, {"pause": True})


@fault("paused-leader-dead", "Patroni is paused and the leader's PostgreSQL is killed")
def paused_leader_dead(scene):
    member = scene.leader()
    scene.patch(scene.group, {"pause": True})
    until(20, "Patroni to pause", lambda: get_json(f"http://127.0.0.1:{member['rest']}/patroni").get("pause"))
    scene.kill_postgres(member)
    until(30, "its lock to be gone", lambda: not scene.estate.leader(scene.group))


@fault("etcd-down", "etcd is gone")
def etcd_down(scene):
    for pid, name in machine.processes(scene.estate.folder).items():
        if name == "etcd":
            machine.send(pid, signal.SIGKILL)
    first = scene.estate.members[0]
    until(60, "the leaders to step down", lambda: not primary(first, scene))


def primary(_, scene):
    for member in scene.estate.members:
        try:
            get_json(f"http://127.0.0.1:{member['rest']}/primary")
            return True
        except (OSError, ValueError):
            continue
    return False


@fault("patroni-frozen", "Patroni of a replica hangs: it takes connections and answers nothing")
def patroni_frozen(scene):
    for pid in scene.patroni(scene.replica()):
        machine.send(pid, signal.SIGSTOP)


@fault("postgres-frozen", "a worker's PostgreSQL hangs: it takes connections and answers nothing", citus=True)
def postgres_frozen(scene):
    scene.patch(scene.group, {"pause": True})
    postmaster = scene.postmaster(scene.leader())
    for pid in [postmaster, *(one for one in machine.processes(scene.estate.folder) if parent(one) == postmaster)]:
        machine.send(pid, signal.SIGSTOP)


@fault("nofailover", "the only replica has the tag nofailover")
def nofailover(scene):
    for member in (m for m in scene.estate.members if m["group"] == scene.group and m != scene.leader()):
        settings = json.loads(config.patroni(scene.estate, member)) | {"tags": {"nofailover": True}}
        machine.write(scene.estate.folder / f"{member['name']}.yml", json.dumps(settings))
        for pid in scene.patroni(member):
            machine.send(pid, signal.SIGHUP)
    until(20, "the tag to be seen", lambda: any("nofailover" in m.get("tags", {}) for m in scene.estate.cluster(scene.group)))


@fault("replica-lagging", "a replica's WAL receiver hangs while the leader writes")
def replica_lagging(scene):
    member = scene.replica()
    leader = scene.leader()
    for pid in machine.processes(scene.estate.folder):
        if parent(pid) == scene.postmaster(member) and "walreceiver" in command(pid):
            machine.send(pid, signal.SIGSTOP)
    scene.sql(leader, "set citus.enable_ddl_propagation = off" if scene.estate.citus else "select 1",
              "set synchronous_commit = local",  # else this waits for the very replica that hangs
              "create table lab_ballast as select md5(n::text) as body from generate_series(1, 200000) n")
    back = "set citus.enable_ddl_propagation = off; drop table if exists lab_ballast"
    until(30, "Patroni to see the lag", lambda: any((m.get("lag") or 0) != 0 for m in scene.estate.cluster(scene.group)))
    return [[leader["group"], back if scene.estate.citus else "drop table if exists lab_ballast"]]


@fault("archive-failing", "archiving is on and its command fails")
def archive_failing(scene):
    scene.patch(scene.group, {"postgresql": {"parameters": {"archive_mode": "on", "archive_command": "false"}}})
    members = [m for m in scene.estate.members if m["group"] == scene.group]
    until(20, "the change to arrive", lambda: all(
        get_json(f"http://127.0.0.1:{m['rest']}/patroni").get("pending_restart") for m in members))
    for member in members:
        send(member, "POST", "/restart", scene.estate, {})
    scene.estate.wait_for_groups([scene.group])
    leader = scene.leader()
    scene.sql(leader, "select pg_switch_wal()")
    until(30, "archiving to fail", lambda: scene.sql(leader, "select failed_count > 0 from pg_stat_archiver") == "t")


@fault("certificate-ending", "the coordinator's certificate ends in three days")
def certificate_ending(scene):
    member = scene.leader(0)
    folder = data_of(scene, member)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=localhost",
                    "-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")], check=True, capture_output=True)
    for name in ("server.key", "server.crt"):
        (folder / name).chmod(0o600)
        machine.give(folder / name)
    scene.sql(member, "alter system set ssl = on", "select pg_reload_conf()")
    until(10, "TLS to be on", lambda: scene.sql(member, "show ssl") == "on")
    return [[0, "alter system reset ssl"], [0, "select pg_reload_conf()"]]


@fault("slot-abandoned", "a replication slot that nobody reads holds WAL")
def slot_abandoned(scene):
    scene.coordinator("select pg_create_physical_replication_slot('abandoned', true)")
    scene.hold(f"while sleep 0.2; do echo \"select pg_logical_emit_message(false, 'lab', repeat('x', 100000));\"; done"
               f" | {scene.session(scene.leader(0)['port'])} > /dev/null")
    return [[0, "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'abandoned'"]]


@fault("prepared-left", "a prepared transaction was left behind and holds its locks")
def prepared_left(scene):
    member = scene.leader()
    local = "set citus.enable_ddl_propagation = off; " if scene.estate.citus else ""
    scene.sql(member, f"{local}create table lab_prepared (id int)",
              "begin; insert into lab_prepared values (1); prepare transaction 'foreign_app_tx'")
    return [[member["group"], "rollback prepared 'foreign_app_tx'"], [member["group"], f"{local}drop table lab_prepared"]]


@fault("idle-in-transaction", "a session idle in its transaction blocks another across nodes")
def idle_in_transaction(scene):
    port = scene.leader(0)["port"]
    table = "tenants" if scene.estate.citus else "invoices"
    key = "tenant_id" if scene.estate.citus else "invoice_id"
    scene.open_transaction(port, f"update {table} set {key} = {key} where {key} = 7" if not scene.estate.citus
                           else "update tenants set name = name where tenant_id = 7")
    time.sleep(1)
    change = "update tenants set name = name where tenant_id = 7" if scene.estate.citus else f"update {table} set {key} = {key} where {key} = 7"
    scene.hold(f"{scene.session(port)} -c {shlex.quote(change)}; sleep 100000")


@fault("connections-exhausted", "every connection of a worker is taken")
def connections_exhausted(scene):
    port = scene.leader()["port"]
    scene.hold(f"i=0; while [ $i -lt 100 ]; do sleep 100000 | {scene.session(port)} > /dev/null 2>&1 & i=$((i+1)); done; wait")

    def refused():
        try:
            scene.estate.sql(port, "app", "select 1")
        except LabError as failure:
            return "too many" in str(failure) or "reserved" in str(failure)
        return False
    until(60, "the server to refuse more", refused)


# --- HAProxy and PgBouncer ---

@fault("haproxy-check-port", "HAProxy checks its servers at a port where nobody listens")
def haproxy_check_port(scene):
    free = scene.estate.free_ports(1)[0]
    scene.haproxy(config.haproxy(scene.estate).replace("check port ", f"check port {free} #"))


@fault("haproxy-roles-blind", "HAProxy asks no role: replicas get writes, too")
def haproxy_roles_blind(scene):
    text = config.haproxy(scene.estate)
    for line in ("  option httpchk OPTIONS /primary\n  http-check expect status 200\n",):
        text = text.replace(line, "")
    scene.haproxy(text)


@fault("haproxy-drained", "somebody drained the leader in HAProxy")
def haproxy_drained(scene):
    scene.tell_haproxy(f"set server coordinator_primary/{scene.leader(0)['name']} state drain")


@fault("haproxy-maintenance", "somebody put the leader into maintenance in HAProxy")
def haproxy_maintenance(scene):
    scene.tell_haproxy(f"set server coordinator_primary/{scene.leader(0)['name']} state maint")


@fault("haproxy-stray", "HAProxy has a server that Patroni does not know")
def haproxy_stray(scene):
    text = config.haproxy(scene.estate)
    port = scene.estate.free_ports(1)[0]
    scene.haproxy(text.rstrip("\n") + f"\n  server stray 127.0.0.1:{port} maxconn 100\n")


@fault("haproxy-other-group", "HAProxy sends coordinator's reads to a member of another group", citus=True)
def haproxy_other_group(scene):
    text = config.haproxy(scene.estate)
    member = scene.replica()
    scene.haproxy(text.rstrip("\n") + f"\n  server other 127.0.0.1:{member['port']} maxconn 100 check port {member['rest']}\n")


@fault("haproxy-down", "HAProxy is gone")
def haproxy_down(scene):
    for pid, name in machine.processes(scene.estate.folder).items():
        if name == "haproxy":
            machine.send(pid, signal.SIGKILL)


@fault("pgbouncer-down", "PgBouncer is gone")
def pgbouncer_down(scene):
    for pid, name in machine.processes(scene.estate.folder).items():
        if name == "pgbouncer":
            machine.send(pid, signal.SIGKILL)


def freeze(scene, program):
    for pid, name in machine.processes(scene.estate.folder).items():
        if name == program:
            machine.send(pid, signal.SIGSTOP)


@fault("haproxy-frozen", "HAProxy hangs: it takes connections and answers nothing")
def haproxy_frozen(scene):
    freeze(scene, "haproxy")


@fault("pgbouncer-frozen", "PgBouncer hangs: it takes connections and answers nothing")
def pgbouncer_frozen(scene):
    freeze(scene, "pgbouncer")


@fault("pgbouncer-queueing", "PgBouncer's connections are all busy and clients queue")
def pgbouncer_queueing(scene):
    session = scene.session(scene.estate.ports["pgbouncer"])
    scene.hold(f"i=0; while [ $i -lt 13 ]; do {session} -c 'select pg_sleep(100000)' & i=$((i+1)); done; wait")


@fault("pgbouncer-paused", "somebody paused a database in PgBouncer")
def pgbouncer_paused(scene):
    scene.estate.sql(scene.estate.ports["pgbouncer"], "pgbouncer", "PAUSE app")


@fault("pgbouncer-behind-haproxy", "HAProxy lets nobody in, and PgBouncer's clients wait for it")
def pgbouncer_behind_haproxy(scene):
    scene.haproxy(config.haproxy(scene.estate).replace("check port ", f"check port {scene.estate.free_ports(1)[0]} #"))
    time.sleep(3)
    session = scene.session(scene.estate.ports["pgbouncer"])
    scene.hold(f"while :; do {session} -c 'select 1'; sleep 0.2; done > /dev/null 2>&1")


@fault("haproxy-password", "HAProxy's statistics want another password")
def haproxy_password(scene):
    scene.haproxy(config.haproxy(scene.estate).replace("stats auth stats:", "stats auth stats:not-"))


@fault("haproxy-elsewhere", "HAProxy leads to a PostgreSQL outside the estate")
def haproxy_elsewhere(scene):
    estate, port = scene.estate, scene.estate.free_ports(1)[0]
    folder = estate.folder / "elsewhere"
    machine.write(estate.folder / "first-password", estate.passwords["postgres"])
    machine.run(estate.folder, [f"{estate.bin_dir}/initdb", "-D", str(folder), "-U", "postgres", "--no-sync", "-A", "scram-sha-256",
                                "--pwfile", str(estate.folder / "first-password")])
    machine.spawn(estate.folder, "elsewhere", [
        f"{estate.bin_dir}/postgres", "-D", str(folder), "-p", str(port), "-k", str(estate.folder), "-c", "listen_addresses=127.0.0.1",
        "-c", "dynamic_shared_memory_type=mmap", "-c", "shared_buffers=16MB"])
    until(30, "the other PostgreSQL", lambda: estate.sql(port, "postgres", "select 1"))
    estate.sql(port, "postgres", "create database app")
    head, _, tail = config.haproxy(estate).partition("\nbackend coordinator_primary\n")
    scene.haproxy(f"{head}\nbackend coordinator_primary\n  server elsewhere 127.0.0.1:{port} maxconn 100 check\n"
                  + tail[tail.index("backend coordinator_replicas"):])


# --- Citus ---

@fault("node-disabled", "somebody switched a worker off in pg_dist_node", citus=True)
def node_disabled(scene):
    port = scene.leader()["port"]  # Citus refuses while the only copy of a shard is there
    scene.coordinator(f"select citus_drain_node('127.0.0.1', {port}, shard_transfer_mode := 'block_writes')",
                      keep_shards_off(scene, scene.group, False), f"select citus_disable_node('127.0.0.1', {port}, true)")
    return [[0, f"select citus_activate_node('127.0.0.1', {port})"], [0, SHARDS_BACK]]


@fault("worker-login-refused", "a worker's pg_hba.conf lets nobody into the database", citus=True)
def worker_login_refused(scene):
    member = scene.leader()
    file = data_of(scene, member) / "pg_hba.conf"
    machine.write(file, f"{REFUSING}\n{file.read_text()}")
    scene.sql_in(member, "postgres", "select pg_reload_conf()",
                 "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'app' and backend_type = 'client backend'")


@fault("one-server-twice", "pg_dist_node leads two workers to one server under two names", citus=True)
def one_server_twice(scene):
    now = scene.leader(2)["port"]
    move = "update pg_dist_node set nodename = '{}', nodeport = {} where groupid = 2"
    scene.coordinator(move.format("localhost", scene.leader()["port"]))
    return [[0, move.format("127.0.0.1", now)]]


@fault("disk-nearly-full", "the disk of a worker is nearly full", citus=True)
def disk_nearly_full(scene):
    """A replica moves to a small disk of its own and leads. Only its processes see that disk, and it goes with them."""
    if os.geteuid() != 0 or not machine.program("unshare"):
        raise LabError("a disk that only one server sees needs root and unshare", machine.CANNOT)
    estate, member = scene.estate, scene.replica()
    scene.kill(member)
    data = estate.folder / member["name"]
    machine.spawn_on_small_disk(estate.folder, member["name"], data, "512m",
                                [machine.program("patroni"), str(estate.folder / f"{member['name']}.yml")])
    until(60, "it to follow again", lambda: estate.group_is_whole(scene.group) and all_answer(estate, scene.group))
    change = {"leader": scene.leader()["name"], "candidate": member["name"]}
    until(60, "Patroni to switch over", lambda: send(scene.leader(), "POST", "/switchover", estate, change))
    until(60, "it to lead", lambda: (estate.leader(scene.group) or {}).get("name") == member["name"])
    estate.wait_for_groups([scene.group])
    until(60, "Citus to name it", lambda: metadata_is_right(scene))
    estate.wait_for_standbys([scene.group])
    machine.fill(data_of(scene, member), 0.96)


def move_node(scene, port):
    node, now = scene.node(scene.group), scene.leader()["port"]
    scene.coordinator(f"select citus_update_node({node}, '127.0.0.1', {port}, true, 1000)")
    return [[0, f"select citus_update_node({node}, '127.0.0.1', {now}, true, 1000)"]]


@fault("metadata-stale", "pg_dist_node names the replica of a worker instead of its leader", citus=True)
def metadata_stale(scene):
    return move_node(scene, scene.replica()["port"])


@fault("metadata-unsynced", "a worker has no metadata", citus=True)
def metadata_unsynced(scene):
    port = scene.leader()["port"]
    scene.coordinator(f"select stop_metadata_sync_to_node('127.0.0.1', {port})")
    return [[0, f"select start_metadata_sync_to_node('127.0.0.1', {port})"]]


@fault("version-drift", "a worker has another version of the extension", citus=True)
def version_drift(scene):
    """No installed script leads back to an older version, so the worker's extension is made anew as it was before the last update."""
    member = scene.leader()
    now = scene.sql(member, "select extversion from pg_extension where extname = 'citus'")
    before = scene.sql(member, f"select max(source) from pg_extension_update_paths('citus') where target = '{now}'"
                       f" and source < target and path not like '%--%--%' and source in"
                       " (select version from pg_available_extension_versions where name = 'citus')")
    if not before:
        raise LabError("this Citus brings no older version", machine.CANNOT)
    scene.sql(member, f"set lab.older = '{before}'", (HERE / "older-citus.sql").read_text(encoding="utf-8"))
    return [[scene.group, "alter extension citus update"]]


@fault("shard-missing", "the table of a shard is gone from its worker", citus=True)
def shard_missing(scene):
    shard = scene.coordinator("select min(shardid) from pg_dist_placement join pg_dist_shard using (shardid)"
                              f" where groupid = {scene.group} and logicalrelid = 'clicks'::regclass")
    rename = "set citus.enable_manual_changes_to_shards = on; alter table {} rename to {}"
    scene.sql(scene.leader(), rename.format(f"clicks_{shard}", "lab_away"))
    return [[scene.group, rename.format("lab_away", f"clicks_{shard}")]]


@fault("reference-missing", "a reference table has no copy on a worker, by the metadata", citus=True)
def reference_missing(scene):
    where = (f"groupid = {scene.group} and shardid = (select shardid from pg_dist_shard where logicalrelid = 'countries'::regclass)")
    row = scene.coordinator(f"select format('%s, %s, %s, %s, %s', placementid, shardid, shardstate, shardlength, groupid)"
                            f" from pg_dist_placement where {where}")
    scene.coordinator(f"delete from pg_dist_placement where {where}")
    return [[0, f"insert into pg_dist_placement (placementid, shardid, shardstate, shardlength, groupid) values ({row})"]]


@fault("coordinator-unregistered", "the coordinator is missing from pg_dist_node", citus=True)
def coordinator_unregistered(scene):
    port = scene.leader(0)["port"]
    scene.coordinator(f"select citus_remove_node('127.0.0.1', {port})")
    return [[0, f"select citus_set_coordinator_host('127.0.0.1', {port})"],
            [0, "select replicate_reference_tables('block_writes')"]]


def keep_shards_off(scene, group, off=True):
    return f"select citus_set_node_property(nodename, nodeport, 'shouldhaveshards', {not off}) from pg_dist_node where groupid = {group}"


@fault("shards-unwanted", "a worker is marked to hold no shards, and holds some", citus=True)
def shards_unwanted(scene):
    scene.coordinator(keep_shards_off(scene, scene.group))
    return [[0, keep_shards_off(scene, scene.group, False)]]


@fault("placement-skewed", "one worker holds all shards, though the other should have some", citus=True)
def placement_skewed(scene):
    node = f"(select nodename from pg_dist_node where groupid = {scene.group})"
    port = f"(select nodeport from pg_dist_node where groupid = {scene.group})"
    scene.coordinator(f"select citus_drain_node({node}, {port}, shard_transfer_mode := 'block_writes')",
                      keep_shards_off(scene, scene.group, False))
    return [[0, SHARDS_BACK]]


@fault("rebalance-stuck", "a rebalance waits for a session that is idle in its transaction", citus=True)
def rebalance_stuck(scene):
    port = scene.leader(0)["port"]
    tables = "tenants, orders, order_lines, clicks, readings, settings, tenant_a.notes, tenant_b.notes"
    scene.open_transaction(port, f"lock table {tables} in exclusive mode")
    time.sleep(1)
    return start_rebalance(scene)


@fault("rebalance-failing", "a rebalance fails again and again for want of disk", citus=True)
def rebalance_failing(scene):
    scene.coordinator("alter system set citus.desired_percent_disk_available_after_move = 100", "select pg_reload_conf()")
    undo = start_rebalance(scene)
    retried = "select count(*) > 0 from pg_dist_background_task where status = 'runnable' and retry_count > 0"
    until(60, "its first task to fail", lambda: scene.coordinator(retried) == "t")
    return [*undo, [0, "alter system reset citus.desired_percent_disk_available_after_move"], [0, "select pg_reload_conf()"]]


def start_rebalance(scene):
    scene.coordinator(keep_shards_off(scene, scene.group),
                      "select citus_rebalance_start(shard_transfer_mode := 'block_writes')")
    return [[0, "select citus_job_cancel(job_id) from pg_dist_background_job where state in ('scheduled', 'running')"],
            [0, "select citus_job_wait(job_id) from pg_dist_background_job where state in ('cancelling', 'running')"],
            [0, keep_shards_off(scene, scene.group, False)], [0, SHARDS_BACK]]


@fault("timezone-differs", "a worker keeps another time zone", citus=True)
def timezone_differs(scene):
    local = "set citus.enable_ddl_propagation = off; "
    scene.sql(scene.leader(), f"{local}alter database app set timezone = 'Asia/Tokyo'")
    return [[scene.group, f"{local}alter database app reset timezone"]]


@fault("decoder-refused", "a worker's PostgreSQL does not let Citus' decoder in", citus=True)
def decoder_refused(scene):
    member = scene.leader()
    if scene.sql(member, "select count(*) from pg_settings where name = 'output_plugin_libraries'") == "0":
        raise LabError("this PostgreSQL refuses no output plugin", machine.CANNOT)
    scene.sql(member, "alter system set output_plugin_libraries = 'pgoutput', 'test_decoding'", "select pg_reload_conf()")
    return [[scene.group, "alter system set output_plugin_libraries = 'pgoutput', 'test_decoding', 'citus'"],
            [scene.group, "select pg_reload_conf()"]]


# --- break and heal ---

def make(estate, name, say):
    if name not in FAULTS:
        raise LabError(f"there is no fault {name}; the faults are:\n{listing(estate)}")
    about, citus, maker = FAULTS[name]
    if citus and not estate.citus:
        raise LabError(f"{name} needs Citus, which is not installed here", machine.CANNOT)
    estate.require_ready()
    with machine.Lock(estate.lock):
        notes = kept(estate)
        notes.append([name, []])  # what fails half-way is healed, too
        keep(estate, notes)
        undo = maker(Scene(estate))
        notes[-1][1] = undo or []
        keep(estate, notes)
    say(f"{about}; take it back with: lab/lab heal --name {estate.name}")


def kept(estate):
    file = estate.folder / "faults.json"
    return json.loads(file.read_text()) if file.exists() else []


def keep(estate, notes):
    machine.write(estate.folder / "faults.json", json.dumps(notes))


def heal(estate, say):
    if not estate.ready:
        estate.require_ready()
    with machine.Lock(estate.lock):
        scene = Scene(estate)
        notes = kept(estate)
        end_holders(estate)
        wake(estate)
        restore_files(scene)
        leave_small_disk(scene)
        end_elsewhere(scene)
        restart_what_is_gone(scene)
        resume(scene)
        for group in estate.groups:
            until(120, f"group {group}", lambda: estate.group_is_whole(group) and all_answer(estate, group))
        undone = [one for _, undo in reversed(notes) for one in undo]
        for group, statement in sorted(undone, key=lambda one: one[0] == 0):  # a node first, then what is said of it
            take_back(scene, group, statement)
        restore_settings(scene, notes)
        estate.wait_for_groups(estate.groups)
        until(60, "Citus to name every leader", lambda: metadata_is_right(scene))
        estate.wait_for_standbys(estate.groups)
        until(30, "HAProxy to reach the coordinator", lambda: estate.sql(estate.ports["haproxy_rw"], "app", "select 1"))
        until(60, "PgBouncer to reach the coordinator", lambda: estate.sql(estate.ports["pgbouncer"], "app", "select 1"))
        keep(estate, [])
    say(f"{estate.name} is healthy again ({', '.join(name for name, _ in notes) or 'nothing was broken'})")


def all_answer(estate, group):
    """Patroni shows a member as running for a while after it died."""
    for member in (m for m in estate.members if m["group"] == group):
        if estate.sql(member["port"], "postgres", "select 1") != "1":
            return False
        said = get_json(f"http://127.0.0.1:{member['rest']}/patroni")
        if said["state"] != "running" or said.get("pause") or said.get("cluster_unlocked"):
            return False
    return True


def metadata_is_right(scene):
    if not scene.estate.citus:
        return True
    return all(scene.coordinator(f"select nodeport from pg_dist_node where groupid = {group} and noderole = 'primary'")
               == str(scene.leader(group)["port"]) for group in scene.estate.groups)


def take_back(scene, group, statement):
    tries = []

    def done():
        try:
            scene.sql(scene.leader(group), statement)
        except LabError as failure:
            tries.append(failure)
            if any(word in str(failure) for word in ("does not exist", "already exists", "duplicate key")):
                return True  # it was never made, or is back already
            raise
        return True
    until(60, f"`{statement}`", done)


def end_holders(estate):
    for pid in machine.processes(estate.folder):
        if "lab-holder" in command(pid) and os.getpgid(pid) == pid:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # ended meanwhile


def wake(estate):
    for pid in machine.processes(estate.folder):
        machine.send(pid, signal.SIGCONT)


def restore_files(scene):
    estate = scene.estate
    for member in estate.members:
        base = data_of(scene, member) / "postgresql.base.conf"
        if base.exists() and "lab_broke_this" in base.read_text():
            machine.write(base, base.read_text().replace("\nlab_broke_this = on\n", ""))
        hba = data_of(scene, member) / "pg_hba.conf"
        if hba.exists() and REFUSING in hba.read_text():
            machine.write(hba, hba.read_text().replace(f"{REFUSING}\n", ""))
            scene.reload(member)
        file = estate.folder / f"{member['name']}.yml"
        if file.read_text() != config.patroni(estate, member):
            machine.write(file, config.patroni(estate, member))
            for pid in scene.patroni(member):
                machine.send(pid, signal.SIGHUP)


def leave_small_disk(scene):
    """The data comes back with its server: thrown away it left a group without a leader whenever the other member was not yet a
    synchronous standby, since Patroni lets no other take over."""
    for member in scene.estate.members:
        if not on_small_disk(scene, member):
            continue
        folder = scene.estate.folder / member["name"]
        disk = os.open(data_of(scene, member), os.O_RDONLY)  # keeps it when its processes end
        try:
            with contextlib.suppress(FileNotFoundError):  # breaking may have ended half-way
                os.unlink("ballast", dir_fd=disk)
            scene.kill(member)
            until(10, f"{member['name']} to end", lambda: not on_small_disk(scene, member))
            shutil.rmtree(folder)
            subprocess.run(["cp", "-a", f"/proc/self/fd/{disk}/.", str(folder)], check=True, pass_fds=[disk])
        finally:
            os.close(disk)


def data_of(scene, member):
    """Its data as it sees it itself: a small disk of its own is to be seen through its processes only."""
    folder, there = scene.estate.folder / member["name"], on_small_disk(scene, member)
    return pathlib.Path(f"/proc/{there[0]}/root{folder}") if there else folder


def on_small_disk(scene, member):
    """The processes that see another disk than everybody else under a member's data folder."""
    folder = scene.estate.folder / member["name"]
    here, found = folder.stat().st_dev, []
    for pid in machine.processes(scene.estate.folder):
        try:
            if os.stat(f"/proc/{pid}/root{folder}").st_dev != here:
                found.append(pid)
        except OSError:
            continue  # ended meanwhile
    return found


def end_elsewhere(scene):
    folder = scene.estate.folder / "elsewhere"
    if folder.exists():
        machine.end_processes(folder)
        shutil.rmtree(folder)


def restart_what_is_gone(scene):
    estate, folder = scene.estate, scene.estate.folder
    if "etcd" not in machine.processes(folder).values():
        estate.start_etcd()
    estate.start_members([member for member in estate.members if not scene.patroni(member)])
    changed = (folder / "haproxy.cfg").read_text() != config.haproxy(estate)
    if changed or "haproxy" not in machine.processes(folder).values():
        scene.haproxy(config.haproxy(estate))
    else:
        for member in (m for m in estate.members if m["group"] == 0):
            for backend in ("coordinator_primary", "coordinator_replicas"):
                scene.tell_haproxy(f"set server {backend}/{member['name']} state ready")
    if "pgbouncer" not in machine.processes(folder).values():
        machine.spawn(folder, "pgbouncer", [machine.program("pgbouncer"), "pgbouncer.ini"])
    else:
        paused = estate.sql(estate.ports["pgbouncer"], "pgbouncer", "SHOW DATABASES")
        if any(line.startswith("app|") and line.split("|")[-2] == "1" for line in paused.split("\n")):
            estate.sql(estate.ports["pgbouncer"], "pgbouncer", "RESUME app")


def resume(scene):
    """Through any member that answers: without a leader there is nobody else to ask."""
    for group in scene.estate.groups:
        members = [m for m in scene.estate.members if m["group"] == group]

        def resumed():
            for member in members:
                try:
                    if get_json(f"http://127.0.0.1:{member['rest']}/config").get("pause"):
                        send(member, "PATCH", "/config", scene.estate, {"pause": None})
                    return True
                except OSError:
                    continue
            return False
        until(90, f"Patroni of group {group}", resumed)


def restore_settings(scene, notes):
    estate = scene.estate
    if not any(name == "archive-failing" for name, _ in notes):
        return
    scene.patch(scene.group, {"postgresql": {"parameters": {"archive_mode": None, "archive_command": None}}})
    members = [m for m in estate.members if m["group"] == scene.group]
    until(20, "the change to arrive", lambda: all(
        get_json(f"http://127.0.0.1:{m['rest']}/patroni").get("pending_restart") for m in members))
    for member in members:
        send(member, "POST", "/restart", estate, {})
    estate.wait_for_groups([scene.group])
