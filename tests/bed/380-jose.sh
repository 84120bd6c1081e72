# SPDX-License-Identifier: Apache-2.0
# Tickets and jose, an independent library: it takes ours, the bridge takes its, and what is forged,
# expired, of another algorithm or for somebody else neither takes.
. "$(dirname -- "$0")/../lib.sh"

outcome=0
bed=$(sh "$src/tests/bed/setup-npm.sh" jose jose) || outcome=$?
[ "$outcome" -ne 77 ] || skip "$bed"
[ "$outcome" -eq 0 ] || fail 'the bed could not be set up'
need node
lease=$bin/gpu-lease

expect_status 0 "$lease" keygen "$tmp/operator.jwk"
expect_status 0 "$lease" mint --key "$tmp/operator.jwk" --subject ci-1 --gpu GPU-0,GPU-1 --mem-mb 512
cp "$tmp/stdout" "$tmp/ours"
expect_status 0 node "$src/tests/jose/tickets.mjs" "$bed" verify "$tmp/operator.jwk.pub" "$tmp/ours"
cp "$tmp/stdout" "$tmp/claims"
expect_json "$tmp/claims" '(doc["sub"], doc["gpus"], doc["max"], doc["exp"] - doc["iat"]) == (
  "ci-1", ["GPU-0", "GPU-1"], {"mem_mb": 512}, 3600)'
# The same reader sees a ticket that was changed.
sed 's/\.\(...\)/.\1A/' "$tmp/ours" >"$tmp/changed"
expect_status 1 node "$src/tests/jose/tickets.mjs" "$bed" verify "$tmp/operator.jwk.pub" "$tmp/changed"

expect_status 0 node "$src/tests/jose/tickets.mjs" "$bed" make "$tmp" "$tmp/operator.jwk"
cat >"$tmp/policy.json" <<'POLICY'
{"schema": "gpu-lane-policy/v1", "keys": ["operator.jwk.pub"],
 "issuers": [{"issuer": "https://issuer.test", "audience": "gpu-lane", "jwks": "issuer.json",
   "rules": [{"match": {"repository": "octo/lane"}, "role": "worker-gpu"}]}]}
POLICY
GPU_LANE_BRIDGE=unix:$tmp/bridge.sock
export GPU_LANE_BRIDGE
# A bridge of its own for each, so that the one before does not count.
present() {
  rm -f "$tmp/bridge.sock"
  start "$bin/gpu-bridge-host" --mock --listen "$GPU_LANE_BRIDGE" --policy "$tmp/policy.json"
  wait_for 10 test -S "$tmp/bridge.sock"
  expect_status "$2" "$lease" run --ticket "$1" -- "$lease" list
  kill "$pid"
  wait "$pid" || fail "status $? of the bridge"
}
present "$tmp/good-own" 0
expect_stdout 'worker-gpu:ci '
present "$tmp/good-issued" 0
expect_stdout 'worker-gpu:repo:octo/lane '
count=0
for ticket in "$tmp"/bad-*; do
  present "$ticket" 125
  expect_stderr 'attach refused: Permission denied'
  count=$((count + 1))
done
[ "$count" -eq 13 ] || fail "$count bad tickets"
