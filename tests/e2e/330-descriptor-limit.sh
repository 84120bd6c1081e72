# SPDX-License-Identifier: Apache-2.0
# A bridge that runs out of descriptors: it waits for some to come free, serves those it has, and
# does not spin.
. "$(dirname -- "$0")/../lib.sh"
need python3 prlimit
export PYTHONDONTWRITEBYTECODE=1

start prlimit --nofile=64:64 "$bin/gpu-bridge-host" --mock --listen "unix:$tmp/bridge.sock"
wait_for 10 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/flood.py" "$tmp/bridge.sock" "$pid" 100
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "flood.py: $(cat "$tmp/prlimit.log")"
grep -q 'cannot accept connections: Too many open files' "$tmp/prlimit.log" ||
  fail "the log does not say it: $(cat "$tmp/prlimit.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(cat "$tmp/prlimit.log")"
