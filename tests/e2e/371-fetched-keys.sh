# SPDX-License-Identifier: Apache-2.0
# Tickets of an issuer whose keys are behind a URL: fetched at the start, again when it has new ones,
# kept when it does not answer, and never replaced by what is no key set.
. "$(dirname -- "$0")/../lib.sh"
need python3 openssl
host=$bin/gpu-bridge-host
lease=$bin/gpu-lease
fetch=$build/libexec/gpu-lane/gpu-lane-fetch-jwks

cat >"$tmp/server.py" <<'PYTHON'
import http.server, pathlib, sys, time

folder = pathlib.Path(sys.argv[1])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(folder / "requests", "a") as log:
            log.write(self.path + "\n")
        name = self.path.lstrip("/")
        if name == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/keys")
            self.end_headers()
        elif name in ("drip", "silent", "endless"):
            self.send_response(200)
            self.end_headers()
            block = b" " * 65536 if name == "endless" else b" "
            while name != "silent" or time.sleep(60):
                self.wfile.write(block)
                time.sleep(0 if name == "endless" else 0.05)
        elif (folder / name).exists():
            self.send_response(200)
            self.end_headers()
            self.wfile.write((folder / name).read_bytes())
        else:
            self.send_error(404)

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
(folder / "port").write_text(str(server.server_port))
server.serve_forever()
PYTHON
cat >"$tmp/jose.py" <<'PYTHON'
"""jose.py keys KID...: a key set; jose.py token KID CLAIM=VALUE...: a ticket. KID.pem is the key."""
import base64, json, subprocess, sys, time

def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def key(kid):
    modulus = subprocess.run(["openssl", "rsa", "-in", kid + ".pem", "-noout", "-modulus"],
                             check=True, capture_output=True, text=True).stdout
    number = bytes.fromhex(modulus.strip().split("=")[1])
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encode(number), "e": "AQAB",
            "x5c": ["not looked at"]}

if sys.argv[1] == "keys":
    other = {"kty": "EC", "crv": "P-256", "kid": "other", "x": "AA", "y": "AA"}
    print(json.dumps({"keys": [other] + [key(kid) for kid in sys.argv[2:]]}))
else:
    now = int(time.time())
    claims = {"iss": "https://issuer.test", "sub": "repo:octo/lane", "aud": "gpu-lane", "iat": now,
              "exp": now + 300, "repository": "octo/lane"}
    claims.update(word.split("=", 1) for word in sys.argv[3:])
    header = {"alg": "RS256", "typ": "JWT", "kid": sys.argv[2]}
    text = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", sys.argv[2] + ".pem"],
                            input=text.encode(), check=True, capture_output=True).stdout
    print(text + "." + encode(signed))
PYTHON
jose() {
  (cd "$tmp" && python3 jose.py "$@")
}

openssl genrsa -out "$tmp/one.pem" 2048 2>"$tmp/genrsa"
openssl genrsa -out "$tmp/two.pem" 2048 2>"$tmp/genrsa"
jose keys one >"$tmp/keys"
start python3 "$tmp/server.py" "$tmp"
wait_for 10 test -s "$tmp/port"
url=http://127.0.0.1:$(cat "$tmp/port")

# The program that fetches: whatever comes, the file is a key set, or what it was.
expect_status 0 "$fetch" "$url/keys" "$tmp/fetched.json"
cmp "$tmp/keys" "$tmp/fetched.json" || fail 'not what the server has'
printf '{"keys": []}' >"$tmp/empty"
printf '<html>' >"$tmp/html"
printf '{"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}' >"$tmp/secret"
refused() {
  expect_status 2 "$fetch" "$url/$1" "$tmp/fetched.json" 1
  expect_stderr_lines 1
  expect_stderr "$2"
  cmp "$tmp/keys" "$tmp/fetched.json" || fail "$1 has replaced the file"
}
refused missing 'HTTP status 404'
refused html 'html:1: '
refused empty 'no key that can be used'
refused secret 'no key that can be used'
refused elsewhere 'HTTP status 302'
refused endless 'more than 262144 bytes'
refused drip 'timed out'
refused silent 'timed out'
expect_status 2 "$fetch" "file://$tmp/keys" "$tmp/fetched.json"
expect_status 2 "$fetch" http://127.0.0.1:1/keys "$tmp/fetched.json"
expect_status 64 "$fetch" "$url/keys"
grep -qx /keys "$tmp/requests" || fail 'the server was not asked'
[ "$(grep -cx /keys "$tmp/requests")" -eq 1 ] || fail 'a redirect was followed'

policy() {
  cat <<POLICY
{"schema": "gpu-lane-policy/v1",
 "issuers": [{"issuer": "https://issuer.test", "audience": "gpu-lane", "jwks": "cache.json",
   "jwks_url": "$1", "jwks_min_age_s": 1,
   "rules": [{"match": {"repository": "octo/lane"}, "role": "worker-gpu"}]}]}
POLICY
}
for bad in http://example.com/keys ftp://127.0.0.1/keys http://127.0.0.1.evil.test/ \
  http://127.0.0.1:80@evil.test/ https://; do
  policy "$bad" >"$tmp/policy.json"
  expect_status 64 "$host" --check-config --policy "$tmp/policy.json"
  expect_stderr 'jwks_url is neither'
done

schema=$build/share/gpu-lane/schemas/gpu-lane-policy-v1.schema.json
policy "$url/keys" >"$tmp/policy.json"
expect_schema "$tmp/policy.json" "$schema"
# The page's own example.
sed -n '/^{"schema": "gpu-lane-policy/,/^```/p' "$src/docs/protocol.md" | grep -v '^```' >"$tmp/example.json"
expect_schema "$tmp/example.json" "$schema"

begin() {
  rm -f "$tmp/bridge.sock"
  policy "$url/keys" >"$tmp/policy.json"
  start "$host" --mock --listen "unix:$tmp/bridge.sock" --policy "$tmp/policy.json"
  wait_for 10 test -S "$tmp/bridge.sock"
}
GPU_LANE_BRIDGE=unix:$tmp/bridge.sock
export GPU_LANE_BRIDGE
said() {
  grep -c "$1" "$tmp/gpu-bridge-host.log"
}
# Fetched at the start, and before the first ticket is refused for a key that is on its way.
begin
jose token one >"$tmp/ticket"
expect_status 0 "$lease" run --ticket "$tmp/ticket" -- "$lease" list
expect_stdout 'worker-gpu:repo:octo/lane'
cmp "$tmp/keys" "$tmp/cache.json" || fail 'the file is not what was fetched'

# The issuer has another key: its first ticket has it fetched. What it no longer has is not good.
jose keys two >"$tmp/keys"
sleep 1
jose token two >"$tmp/newer"
expect_status 0 "$lease" list --ticket "$tmp/newer"
expect_status 2 "$lease" list --ticket "$tmp/ticket"
kill "$pid"
wait "$pid" || fail "status $? at the end"

# Without an answer the file is used. Who makes keys up does not make us ask all the time.
mv "$tmp/keys" "$tmp/keys.away"
begin
expect_status 0 "$lease" list --ticket "$tmp/newer"
wait_for 10 said 'could not be fetched'
: >"$tmp/requests"
sed 's/"jwks_min_age_s": 1/"jwks_min_age_s": 3600/' "$tmp/policy.json" >"$tmp/slow.json"
kill "$pid"
wait "$pid" || fail "status $? at the end"
rm -f "$tmp/bridge.sock"
start "$host" --mock --listen "unix:$tmp/bridge.sock" --policy "$tmp/slow.json"
wait_for 10 test -s "$tmp/requests"
wait_for 10 said 'could not be fetched'
for kid in one one one; do
  jose token "$kid" "jti=$kid" >"$tmp/ticket"
  expect_status 2 "$lease" list --ticket "$tmp/ticket"
done
[ "$(wc -l <"$tmp/requests")" -eq 1 ] || fail 'it was asked again within the hour'
expect_status 2 "$lease" list --ticket "$tmp/newer"
expect_stderr 'temporarily unavailable'
