# SPDX-License-Identifier: Apache-2.0
# SIGTERM drains: nothing new is let in, what waits is cancelled, what runs goes on until its own end or
# timeout, and then the bridge is gone with 0. A second SIGTERM does not wait.
. "$(dirname -- "$0")/../lib.sh"
need python3 glslangValidator
lavapipe
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

glslangValidator --quiet -V --target-env vulkan1.1 -o "$tmp/endless.spv" \
  "$src/tests/hostile/shaders/endless.comp"
cat >"$tmp/drain.py" <<'PYTHON'
import errno, os, signal, sys, time
import ninep
from lane import Lane, descriptor

address, pid, module, again = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "again"
with open(module, "rb") as file:
    module = file.read()

def endless(timeout_ms):
    return descriptor(module, [65535, 65535, 1], [64, 1, 1],
                      [{"binding": 0, "bytes": 4096, "input": True, "fill": {"kind": "zero"}}],
                      timeout_ms)

with Lane(address) as lane, Lane(address) as other:
    assert lane.lease()[0] == "OK"
    running, waiting = lane.submit(endless(2500)), lane.submit(endless(2500))
    lane.wait(running, lambda state: state == "RUNNING")
    os.kill(pid, signal.SIGTERM)
    assert lane.finish(waiting)[1] == ["QUEUED", "ERR CANCELLED"], lane.states(waiting)
    assert lane.states(running)[-1] == "RUNNING", lane.states(running)
    word, fields = other.lease()
    assert (word, fields["reason"]) == ("ERR", "cordoned"), (word, fields)
    try:
        lane.submit(endless(100))
        raise AssertionError("a job is taken while draining")
    except ninep.RemoteError as error:
        assert error.errno == errno.EBUSY, error
    started = time.monotonic()
    if again:
        os.kill(pid, signal.SIGTERM)
    else:
        assert lane.finish(running)[1][-1] == "ERR TIMEOUT", lane.states(running)
    while lane.session.recv() is not None:
        pass
    assert time.monotonic() - started < (1 if again else 6), "stopped too late"
PYTHON

for how in once again; do
  start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
  wait_for 20 test -S "$tmp/bridge.sock"
  run python3 "$tmp/drain.py" "$tmp/bridge.sock" "$pid" "$tmp/endless.spv" "$how"
  [ "$status" -eq 0 ] || fail "$how: $(cat "$tmp/gpu-bridge-host.log")"
  wait "$pid" || fail "$how: the bridge ended with status $?"
done
