# SPDX-License-Identifier: Apache-2.0
# One user, one address and all together have only so many connections. Who is one too many is told
# so, the log says it once, and there is room again as soon as somebody leaves.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')

host=$bin/gpu-bridge-host
for wrong in 0 -1 many 99999999; do
  expect_usage_error "$host" --mock --max-connections "$wrong"
  expect_usage_error "$host" --mock --max-connections-each "$wrong"
done

start "$host" --mock --max-connections 5 --max-connections-each 3 --listen "unix:$tmp/socket" \
  --listen "tcp:127.0.0.1:$port"
wait_for 10 test -S "$tmp/socket"
cat >"$tmp/limits.py" <<'PYTHON'
import errno, sys, time
import ninep

path, place = sys.argv[1], ("127.0.0.1", int(sys.argv[2]))

def refused(address):
    with ninep.Connection(address) as connection:
        reply = connection.recv()
        assert reply.name == "Rlerror" and reply.errno == errno.EUSERS, reply
        assert reply.tag == ninep.NOTAG, reply
        assert connection.recv() is None

here = [ninep.session(path) for _ in range(3)]
for _ in range(20):
    refused(path)
# Another place has room of its own, until all together are too many.
there = [ninep.session(place) for _ in range(2)]
for _ in range(20):
    refused(place)
active = here[0].read_all("/proc/9p/session/active").decode().splitlines()
assert len(active) == 5 and sum(" from=127.0.0.1 " in line for line in active) == 2, active
sessions = here[0].read_all("/proc/9p/sessions").decode()
assert sessions == "active=5 max=5 place_max=3 opened=5 refused=40 cut_off=0\n", sessions

def again(address):
    for _ in range(100):
        try:
            return ninep.session(address)
        except (ninep.RemoteError, AssertionError, AttributeError):
            time.sleep(0.02)
    sys.exit("no room after somebody has left")

here.pop().close()
here.append(again(place))
PYTHON
run python3 "$tmp/limits.py" "$tmp/socket" "$port"
[ "$status" -eq 0 ] || fail "$(cat "$tmp/gpu-bridge-host.log")"
for line in 'has 3 connections: more are refused' '5 connections: more are refused'; do
  [ "$(grep -c "$line" "$tmp/gpu-bridge-host.log")" -eq 1 ] ||
    fail "the log: $(cat "$tmp/gpu-bridge-host.log")"
done

# Our client says why.
cat >"$tmp/full.py" <<'PYTHON'
import subprocess, sys
import ninep
held = [ninep.session(sys.argv[1]) for _ in range(3)]
done = subprocess.run(sys.argv[2:], capture_output=True, text=True)
assert done.returncode == 2 and "Too many users" in done.stderr, done
PYTHON
run python3 "$tmp/full.py" "$tmp/socket" "$bin/gpu-lease" list --bridge "unix:$tmp/socket"
[ "$status" -eq 0 ] || fail 'gpu-lease does not say why'
