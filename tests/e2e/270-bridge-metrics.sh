# SPDX-License-Identifier: Apache-2.0
# What the bridge counts: /metrics in the namespace and over HTTP, read by the strict OpenMetrics
# reader of python3-prometheus-client, and requests that no scraper sends.
. "$(dirname -- "$0")/../lib.sh"
need curl
# The system's own, for which the reader is packaged.
python=/usr/bin/python3
"$python" -c 'import prometheus_client.openmetrics' 2>/dev/null ||
  skip 'python3-prometheus-client is not installed'
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"
port=$("$python" -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')

host=$bin/gpu-bridge-host
for address in 192.0.2.1:9000 127.0.0.1 tls:127.0.0.1:9000 localhost:9000; do
  expect_usage_error "$host" --mock --metrics "$address"
done
start "$host" --mock --state "$tmp/state" --listen "unix:$tmp/socket" --metrics "127.0.0.1:$port"
wait_for 10 test -S "$tmp/socket"
url=http://127.0.0.1:$port/metrics
wait_for 10 curl -sf -o "$tmp/before.txt" "$url"

cat >"$tmp/use.py" <<'PYTHON'
import sys
import ninep
from lane import Lane, descriptor

with Lane(sys.argv[1]) as lane, Lane(sys.argv[1]) as other:
    assert lane.lease()[0] == "OK"
    job = lane.submit(descriptor(b"\x03\x02\x23\x07" + bytes(16), [1, 1, 1], [64, 1, 1], []))
    lane.finish(job)
    try:
        other.session.attach(9, "", "eyJhbGciOiJFZERTQSJ9")
    except ninep.RemoteError:
        pass
    with open(sys.argv[2], "wb") as file:
        file.write(lane.session.read_all("/metrics"))
PYTHON
run "$python" "$tmp/use.py" "$tmp/socket" "$tmp/during.txt"
[ "$status" -eq 0 ] || fail 'the namespace is not usable'
run curl -sS -D "$tmp/head" -o "$tmp/after.txt" "$url"
[ "$status" -eq 0 ] || fail 'no answer'
grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$tmp/head" ||
  fail "$(cat "$tmp/head")"
cat >"$tmp/read.py" <<'PYTHON'
import sys
from prometheus_client.openmetrics import parser

def read(path):
    with open(path, encoding="utf-8") as file:
        families = list(parser.text_string_to_metric_families(file.read()))
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in families for sample in family.samples}

before, during, after = (read(path) for path in sys.argv[1:])
def held(figures, name, **labels):
    return figures[("gpu_lane_" + name, *sorted(labels.items()))]

assert held(during, "connections") == 2, during
assert held(during, "leases", gpu="GPU-0", state="ACTIVE") == 1, during
assert held(during, "jobs_total", state="OK") == 1, during
assert held(during, "tickets_total", outcome="refused") == 1, during
assert held(during, "errors_total", errno="EACCES") == 1, during
assert held(during, "requests_total", type="Tattach") == 3, during
assert held(during, "connections_opened_total", via="unix") == 2, during
assert held(during, "journal_commit_seconds_count") > held(before, "journal_commit_seconds_count")
assert held(during, "received_bytes_total") > 0 and held(during, "sent_bytes_total") > 0
assert held(after, "connections") <= 2
counters = [key for key in during if key[0].endswith(("_total", "_bucket", "_count"))]
assert counters and all(after[key] >= during[key] for key in counters)
print(len(after), "samples")
PYTHON
run "$python" "$tmp/read.py" "$tmp/before.txt" "$tmp/during.txt" "$tmp/after.txt"
[ "$status" -eq 0 ] || fail 'the figures are wrong'

# answers STATUS REQUEST: what a request comes to, byte for byte as given.
answers() {
  got=$(printf '%b' "$2" | timeout 20 "$python" -c 'import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.sendall(sys.stdin.buffer.read())
    answer = b""
    while piece := s.recv(65536):
        answer += piece
    print(answer.split(b"\r\n")[0].decode())' "$port")
  [ "$got" = "HTTP/1.1 $1" ] || fail "'$got' instead of $1 to: $2"
}
answers '200 OK' 'GET /metrics HTTP/1.0\r\n\r\n'
answers '200 OK' 'GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n'
answers '404 Not Found' 'GET / HTTP/1.1\r\n\r\n'
answers '404 Not Found' 'GET /metrics/../gpu HTTP/1.1\r\n\r\n'
answers '405 Method Not Allowed' 'POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx'
answers '400 Bad Request' 'GET /metrics\r\n\r\n'
answers '400 Bad Request' 'GET  HTTP/1.1\r\n\r\n'
answers '400 Bad Request' '\r\n\r\n'
answers '400 Bad Request' 'GET /metrics\0 HTTP/1.1\r\n\r\n'
answers '505 HTTP Version Not Supported' 'GET /metrics HTTP/2.0\r\n\r\n'
answers '431 Request Header Fields Too Large' "GET /metrics HTTP/1.1\r\nX: $(printf '%05000d' 0)"

# Those who say nothing do not keep others out for long, and cost nobody else.
cat >"$tmp/silent.py" <<'PYTHON'
import socket, sys, time
place = ("127.0.0.1", int(sys.argv[1]))
silent = [socket.create_connection(place) for _ in range(20)]
started = time.monotonic()
while True:
    with socket.create_connection(place) as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        try:
            if s.recv(12) == b"HTTP/1.1 200":
                break
        except ConnectionResetError:
            pass
    assert time.monotonic() - started < 30, "nobody else is answered"
    time.sleep(0.2)
PYTHON
run "$python" "$tmp/silent.py" "$port"
[ "$status" -eq 0 ] || fail 'silent clients keep others out'
kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(cat "$tmp/gpu-bridge-host.log")"
