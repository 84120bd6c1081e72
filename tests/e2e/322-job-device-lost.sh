# SPDX-License-Identifier: Apache-2.0
# A lost device: the job ends as ERR DEVICE-LOST, the GPU is quarantined until a fresh worker's
# submit was checked, and the next job is right. Venus, which aborts when its host is gone, is told
# the same way, another driver that aborts is not. A device that stays lost is never given back.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1
VK_ADD_LAYER_PATH=$build/tests/fault_layer
VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault
export VK_ADD_LAYER_PATH VK_INSTANCE_LAYERS

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
lost() {
  GPU_LANE_FAULT=$1
  export GPU_LANE_FAULT
  start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/$1.sock"
  wait_for 20 test -S "$tmp/$1.sock"
}
stop() {
  kill -TERM "$pid"
  wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
}

# said FAULT: what became of a job with more submits than FAULT lets pass, on the bridge of `lost`.
cat >"$tmp/job.py" <<'PYTHON'
import pathlib, sys
from lane import Lane, vadd
with Lane(sys.argv[1]) as lane:
    lane.lease()
    job = lane.submit({**vadd(pathlib.Path(sys.argv[2], "vadd.spv").read_bytes()),
                       "sampling": {"min_samples": 9, "max_samples": 9}})
    print(lane.finish(job)[1][-1], lane.detail(job))
PYTHON
said() {
  PYTHONPATH=$src/tests/hostile expect_status 0 python3 "$tmp/job.py" "$tmp/$1.sock" "$tmp"
}

for fault in device-lost=8 venus-gone=8; do
  lost $fault
  run python3 "$src/tests/hostile/quarantine.py" "$tmp/$fault.sock" "$pid" "$tmp" "$bin/gpu-lease"
  [ "$status" -eq 0 ] || fail "quarantine.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
  grep -q 'GPU-0: quarantined: device lost' "$tmp/gpu-bridge-host.log" || fail 'the log does not say it'
  grep -q 'GPU-0: checked and serving again' "$tmp/gpu-bridge-host.log" || fail 'nor the end of it'
  grep -q 'sandbox of workers: .*control group' "$tmp/gpu-bridge-host.log" ||
    fail 'the log does not say whether workers have control groups'
  said $fault
  expect_stdout 'ERR DEVICE-LOST '
  stop
done
expect_stdout 'ERR DEVICE-LOST Venus aborted, as it does when its host is gone'

lost abort=8
said abort=8
expect_stdout 'ERR WORKER worker '
expect_stdout 'was killed by SIGABRT'
expect_status 0 "$bin/gpu-lease" list --bridge "unix:$tmp/abort=8.sock"
expect_no_stdout quarantined
stop

# Every submit fails, that of the check too.
lost device-lost
said device-lost
expect_stdout ERR
failed_twice() {
  [ "$(grep -c 'GPU-0: still quarantined: check failed' "$tmp/gpu-bridge-host.log")" -ge 2 ]
}
wait_for 30 failed_twice
grep -q 'VK_ERROR_DEVICE_LOST; next check in 1000 ms' "$tmp/gpu-bridge-host.log" ||
  fail "the cause is missing: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
expect_status 0 "$bin/gpu-lease" list --bridge "unix:$tmp/device-lost.sock"
expect_stdout 'GPU-0 is quarantined: device lost'
expect_status 1 "$bin/gpu-lease" acquire --bridge "unix:$tmp/device-lost.sock" --mem-mb 1
expect_stderr 'GPU-0 is quarantined'
stop
