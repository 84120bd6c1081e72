# SPDX-License-Identifier: Apache-2.0
# SIGKILL at moments spread over the whole of a run, a little off by chance: no process of it is left,
# the lease is free again at once, and every file it was to write is as it was or whole.
. "$(dirname -- "$0")/../lib.sh"
need python3 setsid
lavapipe

start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --baseline "$tmp/base.json" \
  --update-baseline --history "$tmp/history.jsonl" -o "$tmp/report.json" --trace "$tmp/trace.json"

python3 - "$bin/gpu-canary" "$tmp" <<'PYTHON' || fail 'a run that was killed left something behind'
import json, os, random, signal, subprocess, sys, time

canary, folder = sys.argv[1:]
names = ["base.json", "report.json", "trace.json", "history.jsonl"]
seed = random.randrange(1 << 32)
chance = random.Random(seed)
print("seed", seed)

def command(way):
    path = {name: os.path.join(folder, name) for name in names}
    return [canary, "--allow-software", "--workload", "copy", *way,
            "--baseline", path["base.json"], "--update-baseline", "--history", path["history.jsonl"],
            "--trace", path["trace.json"], "--format", "json", "-o", path["report.json"]]

def session(sid):
    """Living processes of the session; a zombie is none."""
    alive = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == sid and fields[0] not in "ZX":
            alive.append(int(pid))
    return alive

def whole(name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        text = file.read()
    if name.endswith(".jsonl"):
        # A last line without its end is one that the next run drops.
        for line in text.split("\n")[:-1]:
            json.loads(line)
    else:
        json.loads(text)

def start(way):
    return subprocess.Popen(command(way), start_new_session=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def kill_at(way, seconds):
    run = start(way)
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    deadline = time.monotonic() + 10
    while session(run.pid):
        assert time.monotonic() < deadline, f"{way} killed after {seconds:.3f} s: {session(run.pid)}"
        time.sleep(0.01)
    for name in names:
        whole(name)

for way in (["--streams", "8", "--bridge", f"unix:{folder}/bridge.sock"], ["--embedded"], ["--direct"]):
    begun = time.monotonic()
    # A slow second of the machine may look like a slow device.
    assert start(way).wait(120) in (0, 1), way
    length = time.monotonic() - begun
    moments = 4 if "--bridge" in way else 3
    for moment in range(moments):
        kill_at(way, (moment + chance.random()) / moments * length)
PYTHON

# All streams are there for whoever comes now.
expect_status 0 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software --streams 8 \
  --workload copy --timeout 5
