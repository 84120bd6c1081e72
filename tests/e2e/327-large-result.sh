# SPDX-License-Identifier: Apache-2.0
# A large result comes whole in every cut, over a unix socket, where it is sent from where it lies,
# and over TLS, where it is copied; and when it is gone behind what is on its way.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/certificates.sh"
need openssl python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1

authority ca
certificate server ca /CN=bridge 'subjectAltName=DNS:localhost'
certificate alice ca /CN=alice 'extendedKeyUsage=clientAuth'
printf '{"schema": "gpu-lane-policy/v1", "keys": [], "issuers": [],
  "users": [{"uid": %d, "subject": "here", "role": "queen"}],
  "certificates": [{"name": "subject:CN=alice", "subject": "alice", "role": "queen"}]}' \
  "$(id -u)" >"$tmp/policy.json"
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
start "$bin/gpu-bridge-host" --allow-software --policy "$tmp/policy.json" \
  --listen "unix:$tmp/bridge.sock" --listen "tls:127.0.0.1:$port" --tls-cert "$tmp/server.pem" \
  --tls-key "$tmp/server.key" --tls-client-ca "$tmp/ca.pem"
wait_for 20 test -S "$tmp/bridge.sock"
run python3 "$src/tests/hostile/large_result.py" "$tmp/bridge.sock" "$port" "$tmp"
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "large_result.py: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(tail -c 4096 "$tmp/gpu-bridge-host.log")"
