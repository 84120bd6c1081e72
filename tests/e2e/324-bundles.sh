# SPDX-License-Identifier: Apache-2.0
# Modules staged in /bundles by their hash: jobs run them, and hostile uploads leave nothing.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

# What was freed counts as in use while the sanitizer keeps it aside.
ASAN_OPTIONS="quarantine_size_mb=1:${ASAN_OPTIONS-}"
export ASAN_OPTIONS
sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/bundles.py" "$tmp/bridge.sock" "$pid" "$tmp"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "bundles.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
