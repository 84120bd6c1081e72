# SPDX-License-Identifier: Apache-2.0
# Tickets: minted, limited, revoked, turned into a handle for one attach, and refused when anything
# about them is wrong. What a role may not see is not there.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"
host=$bin/gpu-bridge-host
lease=$bin/gpu-lease

expect_status 0 "$lease" keygen "$tmp/operator.jwk"
[ "$(stat -c %a "$tmp/operator.jwk")" = 600 ] || fail 'the private key is readable for others'
expect_json "$tmp/operator.jwk.pub" '"d" not in doc and doc["crv"] == "Ed25519"'
expect_status 2 "$lease" keygen "$tmp/operator.jwk"
touch "$tmp/half.jwk.pub"
expect_status 2 "$lease" keygen "$tmp/half.jwk"
[ ! -e "$tmp/half.jwk" ] || fail 'half of a pair is there'
cat >"$tmp/policy.json" <<POLICY
{"schema": "gpu-lane-policy/v1",
 "keys": ["operator.jwk.pub"],
 "users": [{"uid": 65534, "subject": "guest", "role": "worker-gpu", "gpus": ["GPU-1"],
            "max": {"mem_mb": 100}}]}
POLICY
expect_status 0 "$host" --check-config --policy "$tmp/policy.json"
printf '{"schema": "gpu-lane-policy/v1",\n "kyes": []}' >"$tmp/bad.json"
expect_status 64 "$host" --check-config --policy "$tmp/bad.json"
expect_stderr "bad.json:"
expect_status 64 "$host" --mock --policy "$tmp/bad.json" --listen "unix:$tmp/none.sock"

start "$host" --mock --listen "unix:$tmp/bridge.sock" --policy "$tmp/policy.json" --state "$tmp/state"
wait_for 10 test -S "$tmp/bridge.sock"
GPU_LANE_BRIDGE=unix:$tmp/bridge.sock
export GPU_LANE_BRIDGE

mint() {
  "$lease" mint --key "$tmp/operator.jwk" "$@" 2>"$tmp/minted"
}
mint --subject ci-1 --gpu GPU-1 --mem-mb 512 --ttl 60 --priority 2 >"$tmp/ticket"
id=$(sed -n 's/.*ticket //p' "$tmp/minted")

# It sees its own GPU and no other, and gets what it may.
expect_status 0 "$lease" run --ticket "$tmp/ticket" --mem-mb 512 -- "$lease" list --ticket "$tmp/ticket"
expect_stdout 'GPU-1/1  ACTIVE  worker-gpu:ci-1'
for more in '--gpu GPU-1 --mem-mb 513' '--gpu GPU-1 --ttl 61' '--gpu GPU-1 --priority 3'; do
  # shellcheck disable=SC2086 # options
  expect_status 1 "$lease" acquire --ticket "$tmp/ticket" $more
  expect_stderr 'more than this ticket allows'
done
expect_status 2 "$lease" acquire --ticket "$tmp/ticket" --gpu GPU-0
expect_stderr 'No such file'
mint --subject short --life 5 >"$tmp/short"
expect_status 1 "$lease" acquire --ticket "$tmp/short" --ttl 6

cat >"$tmp/see.py" <<'PYTHON'
import errno, sys
import ninep
session = ninep.session(sys.argv[1], aname=sys.argv[2])
def error(path, flags=0):
    try:
        session.open(path, 50, flags)
        session.rpc("Tclunk", fid=50)
        return 0
    except ninep.RemoteError as refused:
        return refused.errno
wanted = {"/gpu/GPU-0": errno.ENOENT, "/gpu/GPU-0/info": errno.ENOENT, "/gpu/GPU-1/info": 0,
          "/log": errno.ENOENT, "/log/queen.log": errno.ENOENT, "/revoke": errno.ENOENT,
          "/proc/leases": 0}
found = {path: error(path) for path in wanted}
assert found == wanted, found
PYTHON
expect_status 0 python3 "$tmp/see.py" "$tmp/bridge.sock" "$(cat "$tmp/ticket")"

# A handle is good once.
expect_status 0 "$lease" handle --ticket "$tmp/ticket"
handle=$(cat "$tmp/stdout")
expect_status 0 python3 "$tmp/see.py" "$tmp/bridge.sock" "$handle"
expect_status 1 python3 "$tmp/see.py" "$tmp/bridge.sock" "$handle"

# Revoked: what it holds ends at once, what it has open is worth nothing, and it opens nothing more.
"$lease" run --ticket "$tmp/ticket" --ttl 3 -- sleep 60 2>"$tmp/held" &
holder=$!
started="$started $holder"
listed() {
  "$lease" list | grep -q 'worker-gpu:ci-1'
}
wait_for 10 listed
cat >"$tmp/over.py" <<'PYTHON'
import errno, subprocess, sys
import ninep
address, aname, *revoke = sys.argv[1:]
session = ninep.session(address, aname=aname)
session.open("/gpu/GPU-1/status", 50, 0)
session.rpc("Tread", fid=50, offset=0, count=100)
subprocess.run(revoke, check=True)
for request, fields in (("Tread", {"fid": 50, "offset": 0, "count": 100}),
                        ("Tgetattr", {"fid": 50, "request_mask": 1}),
                        ("Twalk", {"fid": 0, "newfid": 51, "names": ["version"]})):
    try:
        session.rpc(request, **fields)
        sys.exit(f"{request} after the revocation")
    except ninep.RemoteError as refused:
        assert refused.errno == errno.EPERM, refused
session.rpc("Tclunk", fid=50)
PYTHON
expect_status 2 "$lease" revoke --ticket "$tmp/short" "$id"
expect_status 0 python3 "$tmp/over.py" "$tmp/bridge.sock" "$(cat "$tmp/ticket")" "$lease" revoke "$id"
expect_status 0 "$lease" list
expect_no_stdout worker-gpu:ci-1
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 125 ] || fail "status $outcome after the revocation"
expect_status 2 "$lease" list --ticket "$tmp/ticket"
expect_stderr 'attach refused'
# Also after a restart.
kill -KILL "$pid"
wait "$pid" && fail 'status 0 after SIGKILL'
rm -f "$tmp/bridge.sock"
start "$host" --mock --listen "unix:$tmp/bridge.sock" --policy "$tmp/policy.json" --state "$tmp/state"
wait_for 10 test -S "$tmp/bridge.sock"
expect_status 2 "$lease" list --ticket "$tmp/ticket"

# The third bad one within a minute closes the door for a while, for good ones too.
echo 'eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.e30.' >"$tmp/forged"
expect_status 2 "$lease" list --ticket "$tmp/forged"
expect_stderr 'Permission denied'
expect_status 2 "$lease" list --ticket "$tmp/forged"
expect_status 2 "$lease" list --ticket "$tmp/short"
expect_stderr 'temporarily unavailable'
# Who needs no ticket is not held up.
expect_status 0 "$lease" list

# Nothing of a ticket is in the log but its tid.
grep -rqF "$(cut -d . -f 2 "$tmp/ticket")" "$tmp/state" "$tmp/gpu-bridge-host.log" && fail 'a ticket is in the log'
expect_status 64 "$lease" mint
expect_status 64 "$lease" mint --key "$tmp/operator.jwk"
expect_status 2 "$lease" mint --key "$tmp/operator.jwk.pub" --subject a
