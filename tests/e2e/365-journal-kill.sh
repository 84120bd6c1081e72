# SPDX-License-Identifier: Apache-2.0
# SIGKILL at any moment under load: no grant that was told is forgotten or given twice, epochs only
# grow, and the chain is sound after each. LANE_KILLS sets the number of rounds.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

cat >"$tmp/kill.py" <<'PYTHON'
import atexit, os, random, signal, socket, subprocess, sys, threading, time
from lane import Lane

host, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
path, state = folder + "/bridge.sock", folder + "/state"
seed = int(os.environ.get("LANE_SEED", "0")) or random.randrange(1 << 32)
print("LANE_SEED", seed)
chance = random.Random(seed)
lock = threading.Lock()
granted = {}        # lease id -> epoch, as told
released = set()    # released, whether or not the answer came

def client(stop):
    try:
        with Lane(path) as lane:
            while not stop.is_set():
                word, fields = lane.lease(ttl_s=3600, keep=1, mem_mb=1, queue=0)
                if word != "OK":
                    return
                lease, epoch = int(fields["lease"]), int(fields["epoch"])
                with lock:
                    assert lease not in granted, f"lease {lease} was given twice"
                    assert epoch not in granted.values(), f"epoch {epoch} was given twice"
                    granted[lease] = epoch
                with lock:
                    released.add(lease)
                lane.ctl(f"RELEASE lease={lease}")
    except (OSError, EOFError, TypeError, AttributeError, TimeoutError, ValueError):
        pass

def holder():
    """One that is granted and not released: it must be there after the kill."""
    with Lane(path) as lane:
        word, fields = lane.lease(ttl_s=3600, keep=1, mem_mb=1, queue=0)
        assert word == "OK", fields
        granted[int(fields["lease"])] = int(fields["epoch"])
        return int(fields["lease"])

def listed():
    with Lane(path) as lane:
        lane.session.open("/proc/leases", 9)
        text = lane.session.read(9, 0, 60000).decode()
    found = {}
    for line in text.splitlines():
        fields = dict(word.split("=", 1) for word in line.split())
        if fields["gpu"] == "GPU-0":
            found[int(fields["lease"])] = int(fields["epoch"])
    return found

def answers():
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
        return True
    except OSError:
        return False

bridge = None
@atexit.register
def leave_nothing():
    if bridge is not None and bridge.poll() is None:
        bridge.kill()

held = None
for over in range(rounds):
    if os.path.exists(path):
        os.unlink(path)
    bridge = subprocess.Popen([host, "--mock", "-q", "--listen", "unix:" + path, "--state", state])
    deadline = time.monotonic() + 20
    while not answers():
        assert bridge.poll() is None and time.monotonic() < deadline, "the bridge did not start"
        time.sleep(0.005)
    found = listed()
    if held is not None:
        assert found.get(held) == granted[held], f"round {over}: lease {held} is lost: {found}"
    for lease, epoch in found.items():
        # Granted and killed before the answer: known to nobody, and never given again.
        granted.setdefault(lease, epoch)
        assert granted[lease] == epoch, f"round {over}: lease {lease} has another epoch"
    with Lane(path) as lane:
        for lease in found:
            assert lane.ctl(f"RELEASE lease={lease}").startswith("OK"), "not released"
    held = holder()
    assert held == max(granted) and granted[held] == max(granted.values()), "counters went back"
    stop = threading.Event()
    threads = [threading.Thread(target=client, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0, 0.06))
    bridge.send_signal(signal.SIGKILL)
    bridge.wait()
    stop.set()
    for thread in threads:
        thread.join()
    verified = subprocess.run([host, "audit", "verify", state], capture_output=True, text=True)
    torn = "nothing sound follows" in verified.stderr
    assert verified.returncode == 0 or torn, verified.stderr
print(rounds, "kills,", len(granted), "leases")
PYTHON
expect_status 0 python3 "$tmp/kill.py" "$bin/gpu-bridge-host" "$tmp" "${LANE_KILLS:-40}"
cat "$tmp/stdout"
