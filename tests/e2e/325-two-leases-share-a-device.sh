# SPDX-License-Identifier: Apache-2.0
# Two jobs at once share one lavapipe device under two leases with caps: one asks for more than its
# cap and gets ERR LIMIT, one loops and is killed, the other finishes with right results.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/sharing.py" "$tmp/bridge.sock" "$pid" "$tmp"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "sharing.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
