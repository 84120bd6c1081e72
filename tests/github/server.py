# SPDX-License-Identifier: Apache-2.0
"""A GitHub API that answers by a script, for what the real one does on a bad day.

    python3 server.py PORT_FILE LOG_FILE ANSWER...

Listens on a free port of 127.0.0.1 and writes it to PORT_FILE. The n-th request gets the n-th
ANSWER, further ones the last. All requests are kept in LOG_FILE as one JSON array of
{method, path, headers, body}.

Answers:
    201           this status
    429:1         this status with a Retry-After
    quota:N       403, no requests left until N seconds from now
    redirect:URL  307; a URL that begins with a slash is on this server
    echo          403 with the token at the end of its long text
    leak          307 to another host, with the token
    twice         201 with the token as a key, twice
    garbage       201 and no JSON
    noid          201 without an id
    huge          200 and 2 MiB
    drip          201 and a byte a second
    cut           201 and the connection closed in the middle
    mute          none
    installation  200 with the installation 77 of an App; suspended: one that is suspended
    token         201 with a token of an installation
    skew:N        401, and a clock that is N seconds ahead, also of every later answer
"""
import http.server
import json
import os
import sys
import time

port_file, log_file, *script = sys.argv[1:]
requests = []
MESSAGES = {401: "Bad credentials", 403: "Resource not accessible by integration",
            404: "Not Found", 422: "Validation Failed", 429: "You have exceeded a rate limit",
            500: "Server Error"}


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def record(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        requests.append({"method": self.command, "path": self.path,
                         "headers": {k.lower(): v for k, v in self.headers.items()},
                         "body": json.loads(body) if body else None})
        with open(log_file + ".new", "w", encoding="utf-8") as log:
            json.dump(requests, log, indent=1)
        os.replace(log_file + ".new", log_file)

    def respond(self):
        self.record()
        what, _, value = script[min(len(requests), len(script)) - 1].partition(":")
        if what == "redirect":
            if value.startswith("/"):
                value = f"http://{self.headers['Host']}{value}"
            self.answer(307, {"message": "Temporary Redirect"}, Location=value)
        elif what == "quota":
            self.answer(403, {"message": "API rate limit exceeded"}, X_RateLimit_Remaining=0,
                        X_RateLimit_Reset=int(time.time()) + int(value))
        elif what == "echo":
            self.answer(403, {"message": "no " * 90 + self.headers["Authorization"]})
        elif what == "twice":
            key = self.headers["Authorization"].split()[-1]
            self.answer(201, f'{{"{key}": 1, "{key}": 2}}'.encode())
        elif what == "leak":
            self.answer(307, {}, Location="https://elsewhere.example/?" +
                        self.headers["Authorization"].split()[-1])
        elif what == "garbage":
            self.answer(201, b"<html>welcome to the proxy</html>")
        elif what == "noid":
            self.answer(201, {"url": "x"})
        elif what == "huge":
            self.answer(200, {"id": 1, "padding": "x" * (2 << 20)})
        elif what == "drip":
            self.send_response(201)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(60):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(1)
        elif what in ("installation", "suspended"):
            self.answer(200, {"id": 77, "suspended_at":
                              "2026-01-01T00:00:00Z" if what == "suspended" else None})
        elif what == "token":
            self.answer(201, {"token": "ghs_installationINSTALLATION0123",
                              "expires_at": "2026-01-01T01:00:00Z"})
        elif what == "skew":
            self.server.ahead = int(value)
            self.answer(401, {"message": "'Expiration time' claim ('exp') is too far in the future"})
        elif what == "mute":
            time.sleep(60)
        elif what == "cut":
            self.send_response(201)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"id":')
            self.close_connection = True
        elif value:
            self.answer(int(what), {"message": MESSAGES.get(int(what), "")}, Retry_After=value)
        else:
            status = int(what)
            self.answer(status, {"id": 4711} if status < 300 else {"message": MESSAGES[status]})

    do_GET = do_POST = do_PATCH = do_CONNECT = respond

    def date_time_string(self, timestamp=None):
        return super().date_time_string(timestamp or time.time() + self.server.ahead)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    ahead = 0

    def handle_error(self, *_):
        """A client that gives up is what some scripts want."""


with Server(("127.0.0.1", 0), Api) as server:
    with open(port_file + ".new", "w", encoding="utf-8") as port:
        port.write(str(server.server_address[1]))
    os.replace(port_file + ".new", port_file)
    server.serve_forever()
