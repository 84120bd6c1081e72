#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Check runs posted as a GitHub App, through proxies and to a server of one's own: who asks, with
# what right, and that no secret is printed.
. "$(dirname -- "$0")/../lib.sh"
need openssl

token=ghs_installationINSTALLATION0123
server=0
openssl genrsa -out "$tmp/key.pem" 2048 2>/dev/null
openssl pkey -in "$tmp/key.pem" -pubout -out "$tmp/public.pem"
result=$tmp/result.json
python3 "$src/tests/github/result.py" 1 >"$result"

# serve ANSWER...: starts a scripted API; sets $url, $port and $log.
serve() {
  server=$((server + 1))
  log=$tmp/log.$server
  start python3 "$src/tests/github/server.py" "$tmp/port.$server" "$log" "$@"
  wait_for 10 test -s "$tmp/port.$server"
  port=$(cat "$tmp/port.$server")
  url=http://127.0.0.1:$port
}

# post VARIABLE=VALUE... RESULT...: posts as the App would from a step.
post() {
  : >"$tmp/summary"
  expect_status 1 env -u http_proxy -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY \
    -u no_proxy -u NO_PROXY GITHUB_ACTIONS=true GITHUB_API_URL="$url" \
    GITHUB_REPOSITORY=tinyland-inc/lab GITHUB_SHA=0123456789abcdef0123456789abcdef01234567 \
    GITHUB_EVENT_NAME=push GITHUB_WORKSPACE="$tmp" GITHUB_STEP_SUMMARY="$tmp/summary" \
    GPU_LANE_APP_ID=Iv1.0123456789abcdef GPU_LANE_APP_KEY_FILE="$tmp/key.pem" \
    GPU_LANE_GITHUB_TIMEOUT_S=5 "$@"
  no_secret
}

# Neither the token, nor a JWT, nor a line of the key is in what was printed.
no_secret() {
  {
    printf '%s\n' "${token%????}"
    [ ! -e "$log" ] ||
      sed -n 's/.*"authorization": "Bearer \(eyJ[^"]*\)".*/\1/p' "$log" | cut -c1-60
    sed -n 2p "$tmp/key.pem" | cut -c1-40
  } >"$tmp/secrets"
  grep -qF -f "$tmp/secrets" "$tmp/stdout" "$tmp/stderr" "$tmp/summary" && fail 'a secret was printed'
  grep -q '^::error ' "$tmp/stdout" || fail 'no annotation'
}

# jwt NUMBER: the claims of request NUMBER's JWT, whose signature openssl accepts, in $tmp/claims.
jwt() {
  python3 - "$log" "$1" "$tmp" <<'PYTHON' || fail 'no JWT'
import base64, json, sys
log, number, tmp = sys.argv[1:]
with open(log, encoding="utf-8") as file:
    scheme, token = json.load(file)[int(number)]["headers"]["authorization"].split(" ")
assert scheme == "Bearer" and "=" not in token, scheme
signed, _, signature = token.rpartition(".")
decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
header, claims = (json.loads(decode(part)) for part in signed.split("."))
assert header == {"alg": "RS256", "typ": "JWT"}, header
for name, data in (("signed", signed.encode()), ("signature", decode(signature)),
                   ("claims", json.dumps(claims).encode())):
    with open(f"{tmp}/{name}", "wb") as file:
        file.write(data)
PYTHON
  openssl dgst -sha256 -verify "$tmp/public.pem" -signature "$tmp/signature" "$tmp/signed" \
    >/dev/null || fail 'the signature is wrong'
}

# Three steps: who is installed, a token for this repository's checks alone, the check run with it.
serve installation token 201
post "$bin/gpu-report" github "$result"
expect_stderr_lines 0
expect_json "$log" "([(r['method'], r['path']) for r in doc] == [
  ('GET', '/repos/tinyland-inc/lab/installation'),
  ('POST', '/app/installations/77/access_tokens'), ('POST', '/repos/tinyland-inc/lab/check-runs')])"
expect_json "$log" "doc[0]['body'] is None and doc[1]['body'] == {'repositories': ['lab'],
  'permissions': {'checks': 'write'}}"
expect_json "$log" "doc[2]['headers']['authorization'] == 'Bearer $token'"
jwt 0
now=$(date +%s)
expect_json "$tmp/claims" "(doc['iss'] == 'Iv1.0123456789abcdef' and doc['exp'] - doc['iat'] == 600
  and -75 <= doc['iat'] - $now <= -60 and sorted(doc) == ['exp', 'iat', 'iss'])"
jwt 1

# One token for all results of a step; the App goes before the job's token.
serve installation token 201
post GITHUB_TOKEN=ghs_job "$bin/gpu-report" github "$result" "$result" "$result"
expect_json "$log" 'len(doc) == 5'
grep -q ghs_job "$log" && fail "the job's token was sent"

# refused CODE ANSWER...: one warning with this code, and the number of requests.
refused() {
  code=$1
  requests=$2
  shift 2
  serve "$@"
  post "$bin/gpu-report" github "$result"
  expect_stderr_lines 1
  expect_stderr "[$code]"
  expect_json "$log" "len(doc) == $requests"
}
refused GITHUB_DENIED 1 401
expect_stderr 'GitHub App Iv1.0123456789abcdef: '
refused GITHUB_APP_NOT_INSTALLED 1 404
expect_stderr 'not installed on tinyland-inc/lab'
refused GITHUB_DENIED 1 suspended
expect_stderr 'suspended'
refused GITHUB_DENIED 2 installation 403
refused GITHUB_REFUSED 2 installation 422
refused GITHUB_REFUSED 2 installation 201
expect_stderr 'holds no token'
refused GITHUB_REFUSED 1 garbage
refused GITHUB_DENIED 3 installation token 403
refused GITHUB_DENIED 3 installation token echo
refused GITHUB_DENIED 1 echo
refused GITHUB_REFUSED 3 installation token leak
refused GITHUB_REFUSED 1 leak

# A clock that is half an hour slow is told from a wrong key, and made up for once.
serve skew:1800 installation token 201
post "$bin/gpu-report" github "$result"
expect_stderr_lines 0
jwt 1
expect_json "$tmp/claims" "1800 - 75 <= doc['iat'] - $(date +%s) <= 1800 - 50"
refused GITHUB_DENIED 2 skew:1800
refused GITHUB_DENIED 1 skew:10

# Keys that are none: one warning, and no request.
serve 201
openssl genrsa -out "$tmp/short.pem" 1024 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$tmp/edwards.pem"
openssl pkey -in "$tmp/key.pem" -aes256 -passout pass:x -out "$tmp/locked.pem"
for key in short.pem edwards.pem locked.pem public.pem none.pem ''; do
  post GPU_LANE_APP_KEY_FILE="${key:+$tmp/$key}" "$bin/gpu-report" github "$result"
  expect_stderr_lines 1
  expect_stderr '[GITHUB_APP_KEY]'
done
[ ! -e "$log" ] || fail 'a request without a key'

# A server of one's own has a path before the API's.
serve installation token 201
url=$url/api/v3/
post "$bin/gpu-report" github "$result"
expect_json "$log" "[r['path'] for r in doc][0] == '/api/v3/repos/tinyland-inc/lab/installation'"
expect_json "$log" "[r['path'] for r in doc][2] == '/api/v3/repos/tinyland-inc/lab/check-runs'"
url=http://user:pass-word@127.0.0.1:$port
post "$bin/gpu-report" github "$result"
expect_stderr '[GITHUB_UNREACHABLE]'
expect_no_stderr pass-word

# A proxy gets what is for http, and for https nothing but the name of the server.
serve installation token 201
proxy=$url
url=http://github.example/api/v3
post http_proxy="$proxy" "$bin/gpu-report" github "$result"
expect_stderr_lines 0
expect_json "$log" "(doc[2]['path'] == 'http://github.example/api/v3/repos/tinyland-inc/lab/check-runs'
  and doc[2]['headers']['host'] == 'github.example')"
serve 403
proxy=$url
url=https://github.example
for name in https_proxy HTTPS_PROXY; do
  post "$name=http://user:pass-word@${proxy#http://}" "$bin/gpu-report" github "$result"
  expect_stderr_lines 1
  expect_no_stderr pass-word
done
expect_json "$log" "all(r['method'] == 'CONNECT' and r['path'] == 'github.example:443' for r in doc)"
expect_json "$log" "len(doc) >= 2 and not any('authorization' in r['headers'] for r in doc)"
serve installation token 201
post http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 "$bin/gpu-report" github "$result"
expect_stderr_lines 0
