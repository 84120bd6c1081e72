# SPDX-License-Identifier: Apache-2.0
# Frames that no honest client sends: the bridge answers or hangs up, lives, and keeps nothing of
# them. LANE_HOSTILE_ROUNDS repeats the quick checks so often before looking at what has grown.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
# A sanitizer's quarantine of freed memory would look like growth.
export ASAN_OPTIONS="quarantine_size_mb=1:${ASAN_OPTIONS-}"

start "$bin/gpu-bridge-host" --mock --listen "unix:$tmp/bridge.sock"
wait_for 10 test -S "$tmp/bridge.sock"
for checks in frames files lines; do
  LANE_TEST_TIMEOUT=250 run python3 "$src/tests/hostile/$checks.py" "$tmp/bridge.sock" "$pid" \
    "${LANE_HOSTILE_ROUNDS:-40}"
  cat "$tmp/stdout"
  [ "$status" -eq 0 ] || fail "$checks.py: $(cat "$tmp/gpu-bridge-host.log")"
done
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(cat "$tmp/gpu-bridge-host.log")"

# One that is a worker with rights to GPU-0 alone learns of nothing else.
printf '{"schema": "gpu-lane-policy/v1", "keys": [], "issuers": [], "users": [{"uid": %d,
  "subject": "mole", "role": "worker-gpu", "gpus": ["GPU-0"]}]}' "$(id -u)" >"$tmp/policy.json"
# Somebody else runs it when we can have that, so that there are two whom it would trust.
as='setpriv --reuid 65534 --clear-groups'
chmod 711 "$tmp"
# shellcheck disable=SC2086 # the words of $as are meant to split
if [ "$(id -u)" -ne 0 ] || ! $as "$bin/gpu-bridge-host" --version >/dev/null 2>&1; then
  as=
else
  mkdir "$tmp/nobody"
  chown 65534 "$tmp/nobody"
fi
mole=$tmp/nobody/mole.sock
# shellcheck disable=SC2086 # the words of $as are meant to split, and it to vanish
start $as "$bin/gpu-bridge-host" --mock --listen "unix:$mole" --policy "$tmp/policy.json"
wait_for 10 test -S "$mole"
run python3 "$src/tests/hostile/oracle.py" "$mole" "$pid" 4
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "oracle.py: $(cat "$tmp"/*.log)"
