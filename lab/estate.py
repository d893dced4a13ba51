"""One estate: how it is started, watched, grown and ended."""
import json
import os
import pathlib
import re
import secrets
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import config
import machine
from machine import LabError

HERE = pathlib.Path(__file__).resolve().parent
ROLES = ("postgres", "replicator", "app", "mcp_user", "dpg_cluster")


def all_estates():
    return [Estate(path.name) for path in sorted(machine.home().iterdir()) if path.is_dir()]


class Estate:
    def __init__(self, name):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise LabError(f"{name}: a name is made of small letters, digits and dashes, at most 31")
        self.name = name
        self.folder = machine.home() / name
        self.lock = machine.home() / f"{name}.lock"
        self.members, self.ports, self.passwords = [], {}, {}
        self.citus, self.bin_dir, self.ready = False, None, False
        if self.state_file.exists():
            self.__dict__.update(json.loads(self.state_file.read_text()))

    # --- state ---

    @property
    def state_file(self):
        return self.folder / "state.json"

    def save(self):
        kept = ("members", "ports", "passwords", "citus", "bin_dir", "ready")
        draft = self.folder / "state.json.new"
        machine.write(draft, json.dumps({key: getattr(self, key) for key in kept}, indent=1))
        draft.rename(self.state_file)

    def require_ready(self):
        how = f"start it with: lab/lab up --name {self.name}"
        if not self.ready:
            raise LabError(f"{self.name} is not up; {how}")
        if self.is_dead():
            raise LabError(f"{self.name} was up once, but none of its processes lives; {how}")

    def is_dead(self):
        """As after a restart of the machine, or where somebody ended every process by hand."""
        return self.folder.exists() and not machine.processes(self.folder)

    @property
    def groups(self):
        return sorted({member["group"] for member in self.members})

    # --- up, grow, down ---

    def up(self, groups, members, sample, say):
        machine.install_what_is_missing(say)
        with machine.Lock(self.lock):
            if self.is_dead():
                say(f"{self.name} was left by an earlier start and none of its processes lives; replacing it")
                self.end()
                self.members, self.ports, self.passwords, self.ready = [], {}, {}, False
            if self.folder.exists():
                raise LabError(f"{self.name} is up already; see lab/lab status --name {self.name}, end it with: lab/lab down --name {self.name}")
            try:
                self.prepare(groups, members)
                self.start(sample, say)
            except BaseException as failure:
                say(self.complaints() if isinstance(failure, LabError) and failure.code != 130 else "cleaning up")
                self.end()
                raise

    def prepare(self, groups, members):
        self.bin_dir = machine.postgres_bin()
        self.citus = bool(machine.library(self.bin_dir, "citus"))
        if groups and groups > 1 and not self.citus:
            raise LabError("several groups need Citus, which is not installed here", machine.CANNOT)
        self.folder.mkdir(mode=0o700)
        machine.give(self.folder)
        self.passwords = {who: secrets.token_hex(12) for who in (*ROLES, "patroni", "haproxy")}
        with machine.Lock(machine.home() / "ports.lock", wait=True):
            names = ("etcd", "etcd_peer", "haproxy_rw", "haproxy_ro", "haproxy_stats", "pgbouncer")
            self.ports = dict(zip(names, self.free_ports(len(names))))
            self.add_members(range((groups or 3) if self.citus else 1), members or (2 if self.citus else 3))
            self.save()

    def free_ports(self, count):
        taken = set(self.ports.values())
        for estate in [self, *all_estates()]:
            taken |= {*estate.ports.values(), *(m[key] for m in estate.members for key in ("port", "rest"))}
        return machine.free_ports(count, taken)

    def add_members(self, groups, members):
        ports = iter(self.free_ports(2 * members * len(groups)))
        self.members += [{"name": f"g{group}m{number}", "group": group, "port": next(ports), "rest": next(ports)}
                         for group in groups for number in range(members)]

    def start(self, sample, say):
        shape = f"{len(self.groups)} Citus groups, " if self.citus else ""
        say(f"starting {shape}{len(self.members)} PostgreSQL servers in {self.folder}")
        machine.write(self.folder / "pgpass", config.pgpass(self))
        machine.write(self.folder / "haproxy.cfg", config.haproxy(self))
        machine.write(self.folder / "pgbouncer.ini", config.pgbouncer(self))
        machine.write(self.folder / "users.txt", config.pgbouncer_users(self))
        self.start_etcd()
        self.start_members(self.members)
        machine.spawn(self.folder, "haproxy", [machine.program("haproxy"), "-db", "-f", "haproxy.cfg"])
        machine.spawn(self.folder, "pgbouncer", [machine.program("pgbouncer"), "pgbouncer.ini"])
        self.wait_for_groups(self.groups)
        until(30, "HAProxy to reach the coordinator", lambda: self.sql(self.ports["haproxy_rw"], "postgres", "select 1"))
        self.furnish()
        self.allow_citus_decoder(self.groups)
        self.run_file(HERE / "owner.sql")
        self.run_file(HERE.parent / "docs" / "roles.sql", owner="app", reader="mcp_user", actor="dpg_cluster")
        self.run_file(HERE / "passwords.sql")
        if sample:
            say("loading the sample data")
            self.run_file(HERE / "sample.sql", role="app")
        self.wait_for_standbys(self.groups)
        self.ready = True
        self.save()

    def start_etcd(self):
        client, peer = (f"http://127.0.0.1:{self.ports[name]}" for name in ("etcd", "etcd_peer"))
        machine.spawn(self.folder, "etcd", [
            machine.program("etcd"), "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"default={peer}"])
        until(15, "etcd", lambda: get_json(f"{client}/health").get("health") == "true")

    def start_members(self, members):
        for member in members:
            file = self.folder / f"{member['name']}.yml"
            machine.write(file, config.patroni(self, member))
            machine.spawn(self.folder, member["name"], [machine.program("patroni"), str(file)])

    def wait_for_groups(self, groups, seconds=90):
        for group in groups:
            until(seconds, f"group {group}", lambda: self.group_is_whole(group))
        if self.citus:
            count = f"select count(*) = {len(self.groups)} from pg_dist_node where isactive and noderole = 'primary' and (groupid = 0 or metadatasynced)"
            until(60, "Citus to know every group",
                  lambda: self.sql(self.leader(0)["port"], "app", count) == "t")

    def furnish(self):
        """The database and its extensions; Citus passes them on to the other groups, also to later ones."""
        port = self.leader(0)["port"]
        if not self.citus:
            self.sql(port, "postgres", "create database app")
        for name in ("pg_stat_statements", "hypopg"):
            if name != "hypopg" or machine.library(self.bin_dir, name):
                self.sql(port, "app", f"create extension if not exists {name}")

    def allow_citus_decoder(self, groups):
        """Recent minors refuse output plugins that are not listed, and shard splits use Citus' own. Patroni drops settings
        that it does not know, so each server is told itself."""
        if not self.citus:
            return
        known = "select count(*) > 0 from pg_settings where name = 'output_plugin_libraries'"
        for member in (m for m in self.members if m["group"] in groups):
            if self.sql(member["port"], "postgres", known) == "t":
                self.sql(member["port"], "postgres",
                         "alter system set output_plugin_libraries = 'pgoutput', 'test_decoding', 'citus'",
                         "select pg_reload_conf()")

    def grow(self, members, say):
        self.require_ready()
        if not self.citus:
            raise LabError("only an estate with Citus can grow by a group", machine.CANNOT)
        with machine.Lock(self.lock):
            group, before = self.groups[-1] + 1, list(self.members)
            members = members or sum(member["group"] == 0 for member in self.members)
            with machine.Lock(machine.home() / "ports.lock", wait=True):
                self.add_members([group], members)
                self.save()
            say(f"starting group {group} with {members} members")
            self.start_members([member for member in self.members if member not in before])
            self.wait_for_groups([group])
            self.allow_citus_decoder([group])
            return group

    def down(self):
        machine.stop_holder(self.lock)
        existed = self.folder.exists()
        self.end()
        self.lock.unlink(missing_ok=True)
        return existed

    def end(self):
        machine.end_processes(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            raise LabError(f"{self.folder} cannot be deleted")

    # --- watching ---

    def cluster(self, group):
        """Patroni's view of a group, from whichever member answers."""
        for member in (m for m in self.members if m["group"] == group):
            try:
                return get_json(f"http://127.0.0.1:{member['rest']}/cluster")["members"]
            except (OSError, ValueError, KeyError):
                continue
        return []

    def leader(self, group):
        return next((m for m in self.cluster(group) if m["role"] == "leader" and m["state"] == "running"), None)

    def group_is_whole(self, group):
        seen = self.cluster(group)
        expected = sum(member["group"] == group for member in self.members)
        return len(seen) == expected and all(m["state"] in ("running", "streaming") for m in seen) and self.leader(group)

    def wait_for_standbys(self, groups):
        """Patroni makes groups of Citus synchronous, and until a member is a standby of that kind none can take over."""
        for group in groups if self.citus else []:
            until(60, f"a synchronous standby of group {group}", lambda: self.can_be_taken_over(group))

    def can_be_taken_over(self, group):
        """By Patroni's word, which may be older than the leader's last start, and by the leader's own."""
        leader = self.leader(group)
        rest = next(m["rest"] for m in self.members if m["name"] == leader["name"])
        said = get_json(f"http://127.0.0.1:{rest}/patroni").get("replication", [])
        streaming = [one["application_name"] for one in said if one["sync_state"] in ("sync", "quorum")]
        return any(m["role"] in ("sync_standby", "quorum_standby") and m["name"] in streaming for m in self.cluster(group))

    def sql(self, port, database, *statements):
        commands = [part for statement in statements for part in ("-c", statement)]
        return self.psql(port, database, "postgres", commands)

    def run_file(self, file, role="postgres", **variables):
        variables |= {"ON_ERROR_STOP": "1", **{f"{who}_password": self.passwords[who] for who in ROLES}}
        given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        self.psql(self.leader(0)["port"], "app", role, [*given, "-f", str(file)])

    def psql(self, port, database, role, more):
        environment = {**os.environ, "PGPASSWORD": self.passwords[role], "PGCONNECT_TIMEOUT": "5", "PGOPTIONS": "-c client_min_messages=warning"}
        done = subprocess.run([f"{self.bin_dir}/psql", "-XAtq", "-h", "127.0.0.1", "-p", str(port), "-U", role, "-d", database, *more],
                              env=environment, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"psql on port {port}: {done.stderr.strip()[-600:]}")
        return done.stdout.strip()

    def complaints(self):
        """The end of every log that speaks of trouble, for a person who has to see why it did not come up."""
        lines = []
        for log in sorted(self.folder.glob("*.log")):
            bad = [line for line in log.read_text(errors="replace").splitlines() if re.search("ERROR|FATAL|CRITICAL|panic|ALERT", line)]
            lines += [f"{log.name}: {line[:300]}" for line in bad[-3:]]
        return "\n".join(["it did not come up; the logs say:", *lines])

    def summary(self):
        state = "dead" if self.is_dead() else "up" if self.ready else "half started"
        kind = f"{len(self.groups)} Citus groups" if self.citus else "no Citus"
        return f"{state}\t{kind}\t{len(machine.processes(self.folder))} processes\t{self.folder}"

    def status(self):
        if not self.folder.exists():
            raise LabError(f"{self.name} is not up")
        lines = [f"{self.name}: {self.summary()}"]
        for group in self.groups:
            for m in self.cluster(group) or [{"name": f"group {group}", "role": "-", "state": "does not answer", "port": ""}]:
                lines.append(f"  {m['name']:<8} {m['role']:<14} {m['state']:<10} {m['port']}")
        for name, port in self.ports.items():
            lines.append(f"  {name:<15}{'listens' if listens(port) else 'SILENT':<9} {port}")
        return "\n".join(lines)

    def addresses(self, form):
        self.require_ready()
        ports, leader = self.ports, self.leader(0)

        def dsn(role, port, database="app"):
            return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{port}/{database}"
        rest = [f"http://127.0.0.1:{m['rest']}" for m in self.members]
        firsts = [next(f"http://127.0.0.1:{m['rest']}" for m in self.members if m["group"] == group) for group in self.groups]
        workers = [self.leader(group) for group in self.groups if group]
        direct = leader["port"] if leader else next(m["port"] for m in self.members)
        values = {
            "LAB_NAME": self.name, "LAB_FOLDER": str(self.folder), "LAB_CITUS": "1" if self.citus else "0",
            "LAB_DSN": dsn("postgres", ports["haproxy_rw"]), "LAB_RO_DSN": dsn("postgres", ports["haproxy_ro"]),
            "LAB_DIRECT_DSN": dsn("postgres", direct),
            "LAB_WORKER_DSNS": ",".join(dsn("postgres", w["port"]) for w in workers if w),
            "LAB_USER_DSN": dsn("mcp_user", ports["haproxy_rw"]), "LAB_ADMIN_DSN": dsn("dpg_cluster", ports["haproxy_rw"]),
            "LAB_OWNER_DSN": dsn("app", ports["haproxy_rw"]),
            "LAB_PGBOUNCER": dsn("postgres", ports["pgbouncer"], "pgbouncer"),
            "LAB_PGBOUNCER_DSN": dsn("postgres", ports["pgbouncer"]),
            "LAB_PATRONI": ",".join(firsts), "LAB_PATRONI_ALL": ",".join(rest),
            "LAB_PATRONI_USER": "patroni", "LAB_PATRONI_PASSWORD": self.passwords["patroni"],
            "LAB_HAPROXY": f"http://127.0.0.1:{ports['haproxy_stats']}/stats",
            "LAB_HAPROXY_USER": "stats", "LAB_HAPROXY_PASSWORD": self.passwords["haproxy"],
            "LAB_HAPROXY_SOCKET": f"{self.folder}/haproxy.sock",
            "LAB_ETCD": f"http://127.0.0.1:{ports['etcd']}",
        }
        if form == "json":
            return json.dumps(values, indent=2)
        return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in values.items())


def until(seconds, what, holds):
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (OSError, ValueError) as failure:
            last = failure
        except (LabError, TypeError) as failure:
            if isinstance(failure, LabError) and failure.code == 130:
                raise
            last = failure
        time.sleep(0.2)
    raise LabError(f"waited {seconds} s for {what}" + (f": {last}" if last else ""))


def get_json(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as refusal:
        raise OSError(f"{url} answers {refusal.code}") from refusal


def listens(port):
    import socket
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
