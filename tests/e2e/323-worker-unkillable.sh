# SPDX-License-Identifier: Apache-2.0
# A worker that SIGKILL does not end: the job is told, the GPU quarantined, and its capacity stays
# taken until it is reaped after all; then the GPU is checked and serves again.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/unkillable.py" "$tmp/bridge.sock" "$pid" "$tmp" "$bin/gpu-lease"
cat "$tmp/stdout"
[ "$status" -ne 77 ] || exit 77
[ "$status" -eq 0 ] || fail "unkillable.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
grep -q 'cannot be killed: its memory stays taken until it ends' "$tmp/gpu-bridge-host.log" ||
  fail 'the log does not say it'
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
