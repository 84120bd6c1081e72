# SPDX-License-Identifier: Apache-2.0
# TLS: our client and Python's, certificates that are good and that are not, the bridge's own name,
# and that the certificate's names come to be known.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/certificates.sh"
need openssl python3
export PYTHONDONTWRITEBYTECODE=1

authority ca
authority other
certificate server ca /CN=bridge 'subjectAltName=DNS:localhost,IP:127.0.0.1'
certificate alice ca /O=octo/CN=alice 'subjectAltName=URI:spiffe://octo/alice
extendedKeyUsage=clientAuth'
certificate stranger other /CN=alice 'extendedKeyUsage=clientAuth'
certificate server-only ca /CN=alice 'extendedKeyUsage=serverAuth'
certificate expired ca /CN=alice 'extendedKeyUsage=clientAuth' -1
cat >"$tmp/policy.json" <<'POLICY'
{"schema": "gpu-lane-policy/v1", "keys": [], "issuers": [], "users": [],
 "certificates": [{"name": "uri:spiffe://octo/alice", "subject": "alice", "role": "worker-gpu"}]}
POLICY

port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')

# What does not fit together is refused before anything is served.
host=$bin/gpu-bridge-host
expect_usage_error "$host" --mock --listen tls:127.0.0.1:564
expect_usage_error "$host" --mock --listen tls:bridge.example:564 --tls-cert a --tls-key b
expect_usage_error "$host" --mock --listen tls:127.0.0.1:564 --tls-cert "$tmp/server.pem" \
  --tls-key "$tmp/alice.key"
expect_stderr "$tmp/alice.key"
expect_usage_error "$host" --mock --listen tls:127.0.0.1:564 --tls-cert "$tmp/ca.key" \
  --tls-key "$tmp/ca.key"
expect_stderr "$tmp/ca.key"
expect_usage_error "$host" --mock --listen "unix:$tmp/socket" --tls-cert "$tmp/server.pem" \
  --tls-key "$tmp/server.key"

start "$host" --mock --policy "$tmp/policy.json" --listen "unix:$tmp/socket" \
  --listen "tls:127.0.0.1:$port" --listen "tls:127.0.0.2:$port" --tls-cert "$tmp/server.pem" --tls-key "$tmp/server.key" \
  --tls-client-ca "$tmp/ca.pem"
wait_for 10 test -S "$tmp/socket"

export GPU_LANE_TLS_CA="$tmp/ca.pem" GPU_LANE_BRIDGE="tls:localhost:$port"
expect_status 2 "$bin/gpu-lease" list
expect_stderr 'certificate required'
export GPU_LANE_TLS_CERT="$tmp/alice.pem" GPU_LANE_TLS_KEY="$tmp/alice.key"
expect_status 0 "$bin/gpu-lease" list
expect_status 0 "$bin/gpu-lease" list --bridge "tls:127.0.0.1:$port"
# The names of the certificate are what the policy goes by.
expect_status 0 "$bin/gpu-lease" run --mem-mb 64 -- "$bin/gpu-lease" list --bridge "unix:$tmp/socket"
expect_stdout 'alice'
# Another name, another authority: it is not the bridge that was meant.
expect_status 2 "$bin/gpu-lease" list --bridge "tls:127.0.0.2:$port"
expect_stderr 'address mismatch'
expect_status 2 env GPU_LANE_TLS_CA="$tmp/other.pem" "$bin/gpu-lease" list
expect_stderr 'TLS: '
expect_status 64 env GPU_LANE_TLS_CA="$tmp/none.pem" "$bin/gpu-lease" list
expect_status 64 env -u GPU_LANE_TLS_KEY "$bin/gpu-lease" list

LANE_TEST_TIMEOUT=100 run python3 "$src/tests/hostile/tls.py" "$port" "$tmp" "$pid"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "tls.py: $(cat "$tmp/gpu-bridge-host.log")"

# No renegotiation, not even when it is asked for in the old way.
ask_again() {
  for _ in $(seq 100); do
    sleep 0.1
    ! grep -q 'no renegotiation' "$tmp/renegotiation" || return 0
    echo R
  done
}
ask_again | timeout 60 openssl s_client -connect "127.0.0.1:$port" -tls1_2 -CAfile "$tmp/ca.pem" \
  -cert "$tmp/alice.pem" -key "$tmp/alice.key" >"$tmp/renegotiation" 2>&1 || status=$?
grep -q 'no renegotiation' "$tmp/renegotiation" || fail "$(tail "$tmp/renegotiation")"

kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(cat "$tmp/gpu-bridge-host.log")"
