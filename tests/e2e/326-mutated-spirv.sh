# SPDX-License-Identifier: Apache-2.0
# Every reference kernel with bytes and words changed, through the worker's checks and lavapipe: no
# job brings the bridge down, a worker that dies is reported, and the next job is right. For hours:
#   LANE_MUTATION_SECONDS=7200 sh tests/e2e/326-mutated-spirv.sh build/release
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

seconds=${LANE_MUTATION_SECONDS:-4}
"$build/tests/descriptors" >"$tmp/descriptors"
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
LANE_TEST_TIMEOUT=$((seconds + 400)) run python3 "$src/tests/hostile/mutate.py" \
  "$tmp/bridge.sock" "$pid" "$tmp/descriptors" "$seconds" "${LANE_MUTATION_SEED-}"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "mutate.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
