#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The TCP listener: diod's clients read the namespace over it, beside the unix socket. Nobody there
# has credentials, so without a ticket nothing can be written.
. "$(dirname -- "$0")/../lib.sh"
PATH=$PATH:/usr/sbin
need diodls diodcat diodload python3

port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
start "$bin/gpu-bridge-host" --mock --listen "tcp:127.0.0.1:$port" --listen "unix:$tmp/socket"
wait_for 10 test -S "$tmp/socket"

expect_status 0 diodls -s "127.0.0.1:$port" -a / /gpu
printf '%s\n' GPU-0 GPU-1 >"$tmp/expected"
expect_stdout_is "$tmp/expected"
expect_status 0 diodcat -s "127.0.0.1:$port" -a / /gpu/GPU-1/info
expect_json "$tmp/stdout" 'doc["name"] == "Mock 4060" and len(doc) == 6'

# diod's load generator: attributes alone, then a copy from its own zero to its own null.
for load in -g ''; do
  # shellcheck disable=SC2086 # an empty $load is meant to vanish
  expect_status 0 diodload -s "127.0.0.1:$port" -r 1 -n 4 $load
  grep -qE 'diodload: [1-9][0-9]* ops/s' "$tmp/stdout" "$tmp/stderr" || fail 'no load'
done
expect_status 0 diodls -s "127.0.0.1:$port" -a ctl /
printf '%s\n' zero null >"$tmp/expected"
expect_stdout_is "$tmp/expected"
run diodcat -s "127.0.0.1:$port" -a ctl /gpu/GPU-0/info
[ "$status" -ne 0 ] || fail 'the namespace is below ctl'

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$src/tests/hostile python3 - "$port" <<'PYTHON' || fail 'a stranger writes'
import sys
import ninep

session = ninep.session(("127.0.0.1", int(sys.argv[1])))
session.open("/gpu/GPU-0/info", 1)
try:
    session.open("/gpu/GPU-0/ctl", 2, 2)
except Exception as error:
    print("refused:", error)
else:
    sys.exit("ctl opened for writing")
PYTHON

# The port is taken: the second one leaves.
expect_status 2 "$bin/gpu-bridge-host" --mock --listen "tcp:127.0.0.1:$port"
expect_stderr 'Address already in use'
kill -TERM "$pid"
wait "$pid" || fail "status $? after SIGTERM"
start "$bin/gpu-bridge-host" --mock --listen "tcp:127.0.0.1:$port" --listen "unix:$tmp/socket"
wait_for 10 test -S "$tmp/socket"
