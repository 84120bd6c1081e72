# SPDX-License-Identifier: Apache-2.0
"""What gpu-probe must have said in the machine that ran probe.sh: probe_expect.py FOLDER"""

import json
import pathlib
import sys

NODES = ["card0", "card1", "card2", "renderD128", "renderD129", "renderD130"]


def opening(code, error, nodes):
    return [(code, f"open(/dev/dri/{node}): {error}") for node in nodes]


def not_mounted(nodes):
    return [("DRM_NODE_NOT_MOUNTED", ": " + ", ".join(f"/dev/dri/{node}" for node in nodes))]


# The verdict, and every finding about a node with what its message holds.
REPORTS = {
    "root": ("broken", []),
    "stranger": ("broken", opening("DRM_NODE_DENIED", "EACCES", NODES)),
    "member": ("unknown", []),
    "forbidden": ("broken", opening("DRM_NODE_FORBIDDEN", "EPERM", NODES)),
    "only-card": ("broken", not_mounted(NODES[1:])),
    "no-node": ("broken", not_mounted(NODES)),
    "renumbered": ("unknown", not_mounted(["card0", "card1", "card2", "renderD130"]) + [
        ("DRM_NODE_STALE", "renderD128 is 226:129, but the kernel has 226:128"),
        ("DRM_NODE_STALE", "renderD129 is 226:128, but the kernel has 226:129")]),
    "unbound": ("broken", not_mounted(["card1", "card2", "renderD129", "renderD130"])
                + opening("DRM_NODE_STALE", "ENODEV", ["card0", "renderD128"])),
    "krunkit": ("broken", []),
    "no-driver": ("unknown", [("DRM_NODE_ABSENT", "/sys/class/drm")]),
    "unloaded": ("broken", opening("DRM_NODE_STALE", "ENXIO", ["card0", "renderD128"])),
}


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}\n  found  {found}\n  wanted {wanted}")


def main(folder):
    documents = {path.stem: json.loads(path.read_text())
                 for path in pathlib.Path(folder).glob("*.json")}
    facts = documents.pop("facts")
    check("the reports", sorted(documents), sorted(REPORTS))

    check("nodes", [(node["name"], node["number"], node["driver"], node["bus"], node.get("pci"),
                     node["open"]) for node in facts["drm"]],
          [(f"{kind}{first + place}", f"226:{first + place}", driver, bus, pci, "ok")
           for kind, first in (("card", 0), ("renderD", 128))
           for place, (driver, bus, pci) in enumerate([
               ("virtio_gpu", "pci", "0000:00:01.0"), ("virtio_gpu", "platform", None),
               ("vgem", "platform", None)])])
    check("GPUs", [(gpu["primary"], gpu["render"], gpu.get("id"), gpu["display_only"])
                   for gpu in facts["gpus"] if "primary" in gpu],
          [("card0", "renderD128", "1af4:1050", False), ("card1", "renderD129", None, False),
           ("card2", "renderD130", None, True)])

    for name, (verdict, wanted) in REPORTS.items():
        document = documents[name]
        found = [(finding["code"], finding["message"]) for finding in document["findings"]
                 if finding["code"].startswith("DRM_")]
        check(f"{name}: verdict", document["verdict"], verdict)
        check(f"{name}: findings", [code for code, _ in sorted(found)],
              [code for code, _ in sorted(wanted)])
        for code, text in wanted:
            if not any(code == own and text in message for own, message in found):
                sys.exit(f"{name}: no {code} with {text!r} in {found}")

    for finding in documents["stranger"]["findings"]:
        check("whose the node is", (finding["evidence"]["node"], finding["evidence"]["process"]),
              ("mode 0660, owner 0, group 44", "uid 1000, gid 1000, groups 100, 106"))
    # The machine of krunkit but for Venus, which this emulated GPU does not have.
    check("krunkit", {held["id"] for held in documents["krunkit"]["expectations"]
                      if held["state"] != "held"}, {"venus", "checked-submit"})
    for name in ("root", "krunkit"):
        venus = [finding["evidence"] for finding in documents[name]["findings"]
                 if finding["code"] == "VENUS_NO_DEVICE"]
        check(f"{name}: Venus", [[path.rsplit("/", 1)[1] for path in evidence["manifests"]]
                                 for evidence in venus],
              [["virtio_icd.json", "lvp_icd.json"]] * (2 if name == "root" else 1))
        check(f"{name}: used and not used", any("virtio_icd" in path for evidence in venus
                                                for path in evidence["manifests_not_used"]), False)


if __name__ == "__main__":
    main(*sys.argv[1:])
