# SPDX-License-Identifier: Apache-2.0
"""What the guest's shell submits and expects: payload.py SHADERS HOST FOLDER

SHADERS holds vadd.spv and endless.spv, HOST is gpu-bridge-host; the files appear in FOLDER.
"""

import json
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hostile"))
from lane import descriptor, vadd  # noqa: E402

WORDS = 4096


def main(shaders, host, folder):
    folder = pathlib.Path(folder)

    def job(name, document):
        folder.joinpath(name).write_text(json.dumps(document) + "\n")

    module = pathlib.Path(shaders, "vadd.spv").read_bytes()
    endless = pathlib.Path(shaders, "endless.spv").read_bytes()
    job("job.json", {**vadd(module, WORDS), "job": "guest-1", "timeout_ms": 60000})
    job("endless.json", {
        **descriptor(endless, [1, 1, 1], [64, 1, 1], [{"binding": 0, "bytes": 256, "output": True}],
                     timeout_ms=2000), "job": "guest-2"})
    for number in (1, 2):
        job(f"mock-{number}.json", {**vadd(module, WORDS), "job": f"mock-{number}"})
    folder.joinpath("expected").write_bytes(
        struct.pack(f"<{WORDS}f", *(2 * (i % 4096) / 4096 for i in range(WORDS))))
    listed = json.loads(subprocess.run([host, "--mock", "--list"], check=True, text=True,
                                       stdout=subprocess.PIPE).stdout)
    folder.joinpath("mock-info.json").write_text(listed["nodes"][0]["info_payload"])


if __name__ == "__main__":
    main(*sys.argv[1:])
