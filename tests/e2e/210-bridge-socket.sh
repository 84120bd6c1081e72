# SPDX-License-Identifier: Apache-2.0
# The socket of gpu-bridge-host: its mode, its default place, whose it is, and what is left of it.
. "$(dirname -- "$0")/../lib.sh"

host=$bin/gpu-bridge-host
socket=$tmp/run/deep/bridge.sock
# Folders on the way are made.
start "$host" --mock --listen "unix:$socket"
wait_for 10 test -S "$socket"
[ "$(stat -c %a "$socket")" = 660 ] || fail "mode $(stat -c %a "$socket")"

# Somebody serves there: the second one leaves, and leaves the first one alone.
expect_status 2 "$host" --mock --listen "unix:$socket"
expect_stderr 'another bridge listens there'
expect_stderr "$socket"
[ -S "$socket" ] || fail 'the live socket is gone'

# Killed, it leaves its socket; the next one takes the place.
kill -KILL "$pid"
wait "$pid" && fail "status 0 after SIGKILL"
[ -S "$socket" ] || fail 'nothing is left after SIGKILL'
start "$host" --mock --listen "unix:$socket" --listen "unix:$tmp/second.sock"
wait_for 10 test -S "$tmp/second.sock"

# SIGTERM ends an idle bridge at once, with 0 and without its sockets.
kill -TERM "$pid"
wait "$pid" || fail "status $? after SIGTERM"
[ ! -e "$socket" ] || fail 'the socket is left'
[ ! -e "$tmp/second.sock" ] || fail 'the second socket is left'

# What is no socket stays as it is.
echo precious >"$tmp/file"
expect_status 2 "$host" --mock --listen "unix:$tmp/file"
expect_stderr 'exists and is no socket'
[ "$(cat "$tmp/file")" = precious ] || fail 'a file was replaced by the socket'

# Without --listen it needs a place of its own.
if [ "$(id -u)" -ne 0 ]; then
  expect_usage_error env -u XDG_RUNTIME_DIR "$host" --mock
  start env XDG_RUNTIME_DIR="$tmp" "$host" --mock
  wait_for 10 test -S "$tmp/gpu-lane/bridge.sock"
fi
