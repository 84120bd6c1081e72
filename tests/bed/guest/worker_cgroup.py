# SPDX-License-Identifier: Apache-2.0
"""What guest/worker-cgroup.sh submits and expects: worker_cgroup.py SHADERS FOLDER"""

import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hostile"))
from lane import vadd  # noqa: E402

WORDS = 4096


def main(shaders, folder):
    folder = pathlib.Path(folder)
    module = pathlib.Path(shaders, "vadd.spv").read_bytes()
    folder.joinpath("vadd.spv").write_bytes(module)
    for name, words in (("staged", WORDS), ("large", 64 * 65535), ("again", WORDS)):
        job = {**vadd(module, words), "job": name, "timeout_ms": 60000}
        if name == "staged":
            del job["payload_b64"]
            job["inputs"] = ["/bundles/vadd.spv"]
        folder.joinpath(name + ".json").write_text(json.dumps(job) + "\n")
    folder.joinpath("expected").write_bytes(
        struct.pack(f"<{WORDS}f", *(2 * (i % 4096) / 4096 for i in range(WORDS))))


if __name__ == "__main__":
    main(*sys.argv[1:])
