#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: api.py PORT_FILE COUNT_FILE

Answers every request as GitHub answers a check run, and keeps in COUNT_FILE how many came.
"""
import http.server
import sys

port_file, count_file = sys.argv[1:]
BODY = b'{"id": 4711, "html_url": "https://github.example/check"}'


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment, or the other end's delayed acknowledgement is what is measured.
    wbufsize = -1
    count = 0

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Api.count += 1
        with open(count_file, "w", encoding="utf-8") as out:
            out.write(f"{Api.count}\n")
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_PATCH = do_POST

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Api)
with open(port_file, "w", encoding="utf-8") as port:
    port.write(str(server.server_port))
server.serve_forever()
