# SPDX-License-Identifier: Apache-2.0
# A device that is lost under one tenant does not end the job of another, and serves again.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start env VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault VK_ADD_LAYER_PATH="$build/tests/fault_layer" \
  GPU_LANE_FAULT=device-lost=5 "$bin/gpu-bridge-host" --allow-software \
  --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/lost.py" "$tmp/bridge.sock" "$pid" "$tmp"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "lost.py: $(tail -c 4096 "$tmp/env.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/env.log")"
