# SPDX-License-Identifier: Apache-2.0
# As a service manager starts it: sockets are handed over, readiness, life and the end are told, and
# what is handed over that cannot be served is refused.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

cat >"$tmp/manager.py" <<'PYTHON'
import atexit, os, signal, socket, subprocess, sys, urllib.request
import ninep

host, folder = sys.argv[1:]
children = []

def kill_children():
    for child in children:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass

def listening(family, address):
    one = socket.socket(family)
    one.bind(address)
    one.listen()
    return one

def start(sockets, names, notify, watchdog_us=None, abstract=False):
    """The program with these sockets as 3, 4 .. and the environment that systemd makes."""
    path = ("\0" if abstract else "") + notify
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(20)
    child = os.fork()
    if child == 0:
        spare = [os.dup(one.fileno()) for one in sockets]
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(spare)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i, inheritable=True)
            os.close(fd)
        environment = dict(os.environ, LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()),
                           LISTEN_FDNAMES=":".join(names),
                           NOTIFY_SOCKET=("@" if abstract else "") + notify)
        if watchdog_us is not None:
            environment.update(WATCHDOG_USEC=str(watchdog_us), WATCHDOG_PID=str(os.getpid()))
        os.execve(host, [host, "--mock"], environment)
    children.append(child)
    return child, manager

def ends(child):
    """Its exit status."""
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    children.remove(child)
    return status

def hears(manager, word):
    while True:
        lines = manager.recv(4096).decode().splitlines()
        if word in lines:
            return

atexit.register(kill_children)
unix = listening(socket.AF_UNIX, f"{folder}/activated.sock")
tcp = listening(socket.AF_INET, ("127.0.0.1", 0))
metrics = listening(socket.AF_INET, ("127.0.0.1", 0))
# Somebody knocks before the program is there: that is what activation is for.
early = socket.socket(socket.AF_UNIX)
early.connect(f"{folder}/activated.sock")
child, manager = start([unix, tcp, metrics], ["gpu-lane.socket", "tcp", "metrics"],
                       f"{folder}/notify.sock", watchdog_us=200000)
hears(manager, "READY=1")
hears(manager, "WATCHDOG=1")
hears(manager, "WATCHDOG=1")
with ninep.Connection(lambda: early) as connection:
    connection.version(8192)
for place in (f"{folder}/activated.sock", tcp.getsockname()):
    with ninep.session(place) as session:
        assert session.read_all("/version").startswith(b"gpu-lane ")
url = f"http://127.0.0.1:{metrics.getsockname()[1]}/metrics"
with urllib.request.urlopen(url, timeout=5) as answer:
    assert answer.read().endswith(b"# EOF\n")
os.kill(child, signal.SIGTERM)
hears(manager, "STOPPING=1")
assert ends(child) == 0
assert os.path.exists(f"{folder}/activated.sock"), "the manager's socket is gone"

# An abstract address to tell; no watchdog asked for, none told.
child, manager = start([unix], ["x"], f"gpu-lane-test-{os.getpid()}", abstract=True)
hears(manager, "READY=1")
manager.settimeout(0.3)
try:
    sys.exit(f"unasked: {manager.recv(4096)}")
except TimeoutError:
    pass
os.kill(child, signal.SIGTERM)
assert ends(child) == 0

# What cannot be served: a socket that does not listen, one of datagrams, one that others reach.
wrong = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
         listening(socket.AF_INET, ("0.0.0.0", 0))]
for i, one in enumerate(wrong):
    child, manager = start([one], ["x"], f"{folder}/wrong{i}.sock")
    assert ends(child) == 2, i

# Descriptors of somebody else are not ours.
done = subprocess.run([host, "--mock", "--check-config"], timeout=20,
                      env=dict(os.environ, LISTEN_FDS="1", LISTEN_PID="1"))
assert done.returncode == 0, done
for count in ("-1", "x", "17", "99999999999999999999"):
    done = subprocess.run(["sh", "-c", 'LISTEN_PID=$$ exec "$1" --mock', "sh", host], timeout=20,
                          capture_output=True, env=dict(os.environ, LISTEN_FDS=count))
    assert done.returncode == 64 and b"LISTEN_FDS" in done.stderr, (count, done)
PYTHON
run python3 "$tmp/manager.py" "$bin/gpu-bridge-host" "$tmp"
cat "$tmp/stderr"
[ "$status" -eq 0 ] || fail 'not as a service manager expects it'
