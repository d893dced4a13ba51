"""What this machine offers an estate: programs, packages, free ports, processes and how to end them."""
import ctypes
import fcntl
import getpass
import glob
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CANNOT = 3  # exit code for "this machine lacks something", told apart from "it failed"
MARK = "PGCLUSTER_LAB_FOLDER"
PORTS = range(20000, 32000)  # below every system's ephemeral range, so that no outgoing connection takes one
PACKAGES = {"postgres": "postgresql", "patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy",
            "pgbouncer": "pgbouncer"}


class LabError(Exception):
    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code


def server_user():
    """PostgreSQL refuses to run as root, so root hands every server to the user postgres."""
    return "postgres" if os.geteuid() == 0 else getpass.getuser()


def give(path):
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", pwd.getpwnam("postgres").pw_gid)


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)
    give(path)


# --- programs ---

def postgres_bin():
    """The newest PostgreSQL with Citus, else the newest."""
    places = [os.environ["LAB_PG_BIN"]] if os.environ.get("LAB_PG_BIN") else (
        glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/usr/pgsql-*/bin") + glob.glob("/usr/local/pgsql/bin"))
    found = [place for place in places if os.path.exists(f"{place}/postgres")]

    def rank(place):
        digits = "".join(c for c in place if c.isdigit())
        return bool(library(place, "citus")), int(digits or 0)
    return max(found, key=rank, default=None)


def library(bin_dir, name):
    root = os.path.dirname(bin_dir)
    return next((p for p in (f"{root}/lib/{name}.so", f"{root}/lib/postgresql/{name}.so") if os.path.exists(p)), None)


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def missing():
    lacking = [] if postgres_bin() else ["postgres"]
    return lacking + [name for name in PACKAGES if name != "postgres" and not program(name)]


def install_what_is_missing(say):
    named = os.environ.get("LAB_PG_BIN")
    if named and not postgres_bin():
        raise LabError(f"LAB_PG_BIN is {named}, and there is no postgres", CANNOT)
    lacking = missing()
    if not lacking:
        return
    packages = " ".join(PACKAGES[name] for name in lacking)
    command = f"apt-get install {packages}"
    if not shutil.which("apt-get"):
        raise LabError(f"the lab needs {', '.join(lacking)}, and there is no apt-get here to install them with", CANNOT)
    if os.geteuid() != 0:
        raise LabError(f"the lab needs {', '.join(lacking)}; as root: {command}", CANNOT)
    say(f"installing {packages}")
    with services_kept_down():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages.split()]
        done = subprocess.run(install, env=environment, capture_output=True, text=True)
        if done.returncode:
            subprocess.run(["apt-get", "update", "-q"], env=environment, capture_output=True)
            done = subprocess.run(install, env=environment, capture_output=True, text=True)
    if done.returncode or missing():
        raise LabError(f"{command} did not bring {', '.join(missing())}:\n{done.stdout[-800:]}{done.stderr[-800:]}", CANNOT)


class services_kept_down:
    """Debian starts a service when its package is installed, unless this script says no."""
    script = pathlib.Path("/usr/sbin/policy-rc.d")

    def __enter__(self):
        self.ours = not self.script.exists()
        if self.ours:
            self.script.write_text("#!/bin/sh\nexit 101\n")
            self.script.chmod(0o755)

    def __exit__(self, *_):
        if self.ours:
            self.script.unlink(missing_ok=True)


# --- folders and locks ---

def home():
    path = pathlib.Path(os.environ.get("LAB_HOME") or f"{tempfile.gettempdir()}/pgcluster-lab-{os.geteuid()}")
    path.mkdir(mode=0o755, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise LabError(f"{path} belongs to somebody else; name another folder with LAB_HOME")
    return path


class Lock:
    """Held for the length of one command; the holder writes its process id, so that down can stop a running up."""

    def __init__(self, path, wait=False):
        self.path, self.wait = path, wait

    def __enter__(self):
        self.file = open(self.path, "a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | (0 if self.wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise LabError(f"another lab command (process {self.holder()}) is at work here") from None
        self.file.truncate(0)
        self.file.write(str(os.getpid()))
        self.file.flush()
        return self

    def holder(self):
        return int(self.path.read_text().strip() or 0)

    def __exit__(self, *_):
        self.file.close()


def stop_holder(path):
    """Asks the command that holds this lock to end, and waits until it has."""
    patience = time.monotonic() + 20
    while path.exists():
        try:
            with Lock(path):
                return
        except LabError:
            pid = int(path.read_text().strip() or 0)
            if pid:
                send(pid, signal.SIGTERM if time.monotonic() < patience else signal.SIGKILL)
            time.sleep(0.3)


# --- ports ---

def free_ports(count, taken):
    candidates = [port for port in PORTS if port not in taken]
    random.shuffle(candidates)
    found = []
    for port in candidates:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise LabError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


# --- processes ---

def account():
    """Who runs the servers, as subprocess takes it; nobody else where we are not root."""
    if os.geteuid() != 0:
        return {}
    postgres = pwd.getpwnam("postgres")
    return {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": os.getgrouplist("postgres", postgres.pw_gid)}


def spawn(folder, name, argv, **as_user):
    """Starts one server in a session of its own; its working folder and MARK are how `down` finds it again."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "PATRONI_", "ETCD", "LAB_"))}
    environment |= {MARK: str(folder), "PGPASSFILE": str(folder / "pgpass"), "HOME": str(folder), "LC_ALL": "C.UTF-8",
                    "PYTHONDONTWRITEBYTECODE": "1"}
    with open(folder / f"{name}.log", "ab") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=environment,
                                start_new_session=True, **(as_user or account())).pid


def spawn_on_small_disk(folder, name, data, size, argv):
    """As spawn, with the data on a file system of its own in memory, which only this process and its children see. Nothing stays
    below: a server that came back to old data once the disk had gone would lead with it, and write another history."""
    script = ('mount -t tmpfs -o "size=$2,mode=0700,uid=postgres,gid=postgres" none /mnt && cp -a "$1/." /mnt'
              ' && find "$1" -mindepth 1 -delete && mount --move /mnt "$1" && shift 2 && exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"')
    spawn(folder, name, ["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh", str(data), size, *argv], user=0)


def fill(folder, share):
    """Leaves no more free than the rest."""
    disk = os.statvfs(folder)
    with open(f"{folder}/ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, int(disk.f_frsize * (disk.f_bavail - disk.f_blocks * (1 - share))))


def run(folder, argv):
    """As the user of the servers, to its end."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, **account())
    if done.returncode:
        raise LabError(f"{argv[0]}: {done.stderr.strip()[-600:]}")


def processes(folder):
    """Every process of this estate. PostgreSQL overwrites its environment, but stays in its data folder."""
    found = {}
    for entry in glob.glob("/proc/[0-9]*"):
        pid = int(entry[6:])
        try:
            marked = f"{MARK}={folder}\0".encode() in pathlib.Path(entry, "environ").read_bytes() + b"\0"
            inside = pathlib.Path(os.readlink(f"{entry}/cwd").removesuffix(" (deleted)")).is_relative_to(folder)
            name = pathlib.Path(entry, "comm").read_text().strip()
            alive = pathlib.Path(entry, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue  # ended meanwhile, or not ours to look at
        if alive and (marked or inside and name == "postgres"):
            found[pid] = name
    return found


def send(pid, sign):
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        pass


def end_processes(folder, seconds=10):
    """First what restarts others, then PostgreSQL at once (SIGQUIT lets it free its shared memory), then whatever is left."""
    deadline = time.monotonic() + seconds
    memory = shared_memory(folder)
    for pid, name in processes(folder).items():
        if name != "postgres":
            send(pid, signal.SIGKILL)
    first = True
    while left := processes(folder):
        late = time.monotonic() > deadline
        memory |= shared_memory(folder)
        for pid in left:
            if late or left[pid] != "postgres":
                send(pid, signal.SIGKILL)
            elif first:
                send(pid, signal.SIGQUIT)
                send(pid, signal.SIGCONT)
        if late and time.monotonic() > deadline + seconds:
            raise LabError(f"these processes cannot be ended: {left}")
        first = False
        time.sleep(0.1)
    for segment in memory:
        free_shared_memory(segment)


def shared_memory(folder):
    """Ids of the System V segments by which PostgreSQL guards its data folders; a killed one leaves its own behind."""
    ids = set()
    for file in folder.glob("*/postmaster.pid"):
        try:
            lines = file.read_text().split("\n")
            ids.add(int(lines[6].split()[1]))
        except (OSError, IndexError, ValueError):
            continue  # not written that far yet
    return ids


def free_shared_memory(segment):
    ctypes.CDLL(None).shmctl(segment, 0, None)  # 0 is IPC_RMID; an id that is gone already answers EINVAL, which is fine
