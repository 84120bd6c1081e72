# SPDX-License-Identifier: Apache-2.0
# diod's own clients, which share no code with ours, read the namespace over a unix socket.
. "$(dirname -- "$0")/../lib.sh"
PATH=$PATH:/usr/sbin
need diodls diodcat

start "$bin/gpu-bridge-host" --mock --listen "unix:$tmp/bridge.sock"
wait_for 10 test -S "$tmp/bridge.sock"

expect_status 0 diodls -s "$tmp/bridge.sock" -a / /gpu/GPU-0
printf '%s\n' info facts ctl lease job status events >"$tmp/expected"
expect_stdout_is "$tmp/expected"
expect_status 0 diodls -s "$tmp/bridge.sock" -a / /
expect_stdout version
# msize below a listing: it comes in pieces.
expect_status 0 diodls -m 4096 -s "$tmp/bridge.sock" -a / /gpu
printf '%s\n' GPU-0 GPU-1 >"$tmp/expected"
expect_stdout_is "$tmp/expected"

expect_status 0 diodcat -s "$tmp/bridge.sock" -a / /gpu/GPU-1/info
expect_json "$tmp/stdout" 'doc["name"] == "Mock 4060" and len(doc) == 6'
expect_status 0 diodcat -s "$tmp/bridge.sock" -a / /version /gpu/GPU-0/status
expect_stdout 'gpu-lane '
run diodcat -s "$tmp/bridge.sock" -a / /gpu/GPU-9/info
[ "$status" -ne 0 ] || fail 'a GPU that is not there is readable'
# A ticket is not something this version takes and then ignores.
run diodcat -s "$tmp/bridge.sock" -a eyJhbGciOiJFZERTQSJ9 /version
[ "$status" -ne 0 ] || fail 'attached with a ticket'
expect_stderr 'Permission denied'
