# SPDX-License-Identifier: Apache-2.0
# Every way a job or a lease can end, on lavapipe: each cause shows as its own state within two
# seconds, the bridge lives, and the next job runs and is right.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
LANE_TEST_TIMEOUT=250 run python3 "$src/tests/hostile/states.py" "$tmp/bridge.sock" "$pid" "$tmp"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "states.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
