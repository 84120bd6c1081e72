# SPDX-License-Identifier: Apache-2.0
"""Posts a check run with a level that does not exist and prints the answer: wrong_level.py URL."""
import json
import sys
import urllib.error
import urllib.request

annotation = {"path": "p", "start_line": 1, "end_line": 1, "annotation_level": "error",
              "message": "m"}
body = {"name": "x", "head_sha": "0",
        "output": {"title": "t", "summary": "s", "annotations": [annotation]}}
headers = {"Accept": "application/json", "Content-Type": "application/json",
           "Authorization": "Bearer t"}
request = urllib.request.Request(sys.argv[1], json.dumps(body).encode(), headers)
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
