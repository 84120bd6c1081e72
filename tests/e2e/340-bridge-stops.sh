# SPDX-License-Identifier: Apache-2.0
# The end of a bridge while a job runs: SIGTERM waits for the job's own timeout, a second one does
# not, and not even SIGKILL leaves a worker behind.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
# stops STATUS SIGNAL...
stops() {
  expected=$1
  shift
  start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
  # The socket of the one before may still lie there.
  wait_for 20 grep -q "listening on" "$tmp/gpu-bridge-host.log"
  run python3 "$src/tests/hostile/stops.py" "$tmp/bridge.sock" "$pid" "$tmp" "$@"
  [ "$status" -eq 0 ] || fail "$*: $(cat "$tmp/gpu-bridge-host.log")"
  ended=0
  wait "$pid" || ended=$?
  [ "$ended" -eq "$expected" ] || fail "$*: the bridge ended with status $ended, not $expected"
}
stops 0 SIGTERM
[ ! -e "$tmp/bridge.sock" ] || fail 'the socket is left behind'
stops 0 SIGTERM SIGTERM
stops 0 SIGINT SIGTERM
stops 137 SIGKILL
# The socket that a killed bridge left is taken over.
stops 0 SIGTERM SIGTERM
