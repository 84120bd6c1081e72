#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: etcd.py FOLDER PAIRS

Prints "etcd MICROSECONDS", the median of a lease granted and revoked by an etcd of its own that
keeps its data in FOLDER, over one connection.
"""
import http.client
import json
import socket
import statistics
import subprocess
import sys
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(connection, path, body):
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status != 200:
        sys.exit(f"etcd: {path}: {reply.status} {text[:200]!r}")
    return json.loads(text)


def connect(port, server):
    for _ in range(100):
        if server.poll() is not None:
            sys.exit(f"etcd ended with {server.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            call(connection, "/v3/lease/leases", {})
            return connection
        except OSError:
            time.sleep(0.1)
    sys.exit("etcd does not answer")


def main():
    folder, pairs = sys.argv[1], int(sys.argv[2])
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = ["etcd", "--data-dir", folder, "--listen-client-urls", client,
               "--advertise-client-urls", client, "--listen-peer-urls", peer,
               "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
    with open(folder + ".log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        connection = connect(int(client.rsplit(":", 1)[1]), server)
        times = []
        for _ in range(pairs):
            start = time.perf_counter()
            lease = call(connection, "/v3/lease/grant", {"TTL": 60})["ID"]
            call(connection, "/v3/lease/revoke", {"ID": lease})
            times.append(time.perf_counter() - start)
        print(f"etcd {statistics.median(times) * 1e6:.1f}")
    finally:
        server.terminate()
        server.wait()


main()
