#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: cat.py SOCKET PATH: what a file of the namespace holds, read to its end."""
import sys
import ninep

session = ninep.session(sys.argv[1], aname="")
session.open(sys.argv[2], 5)
text, offset = b"", 0
while part := session.read(5, offset, 8000):
    text += part
    offset += len(part)
sys.stdout.write(text.decode())
