# SPDX-License-Identifier: Apache-2.0
# A client on a 9P library of its own (Go, github.com/hugelgupf/p9): reads over TCP and TLS, and runs a
# job over the unix socket.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/certificates.sh"
need go openssl python3

# Built once, from what is in the module proxy.
client=$src/build/beds/p9client/$(cat "$src"/tests/peers/p9client/* | cksum | tr -d ' ')
if [ ! -x "$client" ]; then
  cd -- "$src/tests/peers/p9client"
  timeout 100 go mod download github.com/hugelgupf/p9 >"$tmp/go.log" 2>&1 ||
    skip "the Go module proxy is not reached: $(tail -n 1 "$tmp/go.log")"
  mkdir -p -- "${client%/*}"
  LANE_TEST_TIMEOUT=280 expect_status 0 go build -o "$tmp/p9client" .
  mv -- "$tmp/p9client" "$client"
fi

authority ca
certificate server ca /CN=bridge 'subjectAltName=DNS:localhost'
certificate alice ca /CN=alice 'extendedKeyUsage=clientAuth'
ports=$(python3 -c 'import socket
with socket.socket() as s, socket.socket() as t:
    s.bind(("127.0.0.1", 0))
    t.bind(("127.0.0.1", 0))
    print(s.getsockname()[1], t.getsockname()[1])')
tcp=127.0.0.1:${ports% *}
tls=127.0.0.1:${ports#* }
start "$bin/gpu-bridge-host" --mock --listen "tcp:$tcp" --listen "tls:$tls" \
  --tls-cert "$tmp/server.pem" --tls-key "$tmp/server.key" --tls-client-ca "$tmp/ca.pem" \
  --listen "unix:$tmp/socket"
wait_for 10 test -S "$tmp/socket"
expect_status 0 "$client" tcp "$tcp"
expect_stdout 'reads only'
expect_status 0 "$client" tcp "$tls" "$tmp/ca.pem" "$tmp/alice.pem" "$tmp/alice.key"
expect_stdout 'reads only'
expect_status 0 "$client" unix "$tmp/socket"
expect_stdout '"state":"OK"'
