#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What gpu-probe reads in place of the machine and what it writes about it: a dump of the PCI bus,
# a floor of what is found, facts for another day. A bad file is refused at its line.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schemas=$build/share/gpu-lane/schemas
dump=$src/tests/data/pci/navi48.dump

# The dump stands for the bus, and nothing is claimed of this machine's.
expect_status 0 "$bin/gpu-probe" --only pci --facts-only --pci-dump "$dump" --format json
expect_schema "$tmp/stdout" "$schemas/gpu-lane-facts-v1.schema.json"
expect_json "$tmp/stdout" '[(d["id"], d["link_width"]) for d in doc["pci"]] == [("1002:7550", "16")]'
expect_json "$tmp/stdout" "'$dump' in [c.get('source') for c in doc['collectors']]"
expect_status 0 "$bin/gpu-probe" --floor software --pci-dump "$dump" --format json
expect_json "$tmp/stdout" "doc['claims']['proves'] == [] and any('$dump' in claim
  for claim in doc['claims']['does_not_prove'])"

# Refused at file and line, before anything is asked.
sed '3s/ 00/ 0/' "$dump" >"$tmp/bad.dump"
expect_usage_error "$bin/gpu-probe" --pci-dump "$tmp/bad.dump"
expect_stderr "$tmp/bad.dump:3: not all of it are bytes"
expect_usage_error "$bin/gpu-probe" --pci-dump "$tmp/missing.dump"
expect_usage_error "$bin/gpu-probe" --pci-dump "$src/README.md"
expect_stderr "README.md:1: "
if command -v lspci >/dev/null; then
  sed 's/^0000://' "$dump" >"$tmp/short.dump"
  lspci -F "$tmp/short.dump" -xvv 2>/dev/null >"$tmp/again.dump"
  expect_status 0 "$bin/gpu-probe" --only pci --facts-only --pci-dump "$tmp/again.dump"
  expect_stdout 1002:7550
fi

# A floor of what is here holds here, is what the schema says, and is read like any other.
expect_status 0 "$bin/gpu-probe" --write-floor "$tmp/mine.json" --format json
expect_schema "$tmp/mine.json" "$schemas/gpu-lane-floor-v1.schema.json"
expect_json "$tmp/stdout" 'doc["floor"]["name"] == "mine" and doc["verdict"] == "holds"'
expect_json "$tmp/mine.json" '{e["id"] for e in doc["expect"]} >= {"hardware", "vulkan-driver",
  "device-type", "driver-version", "memory", "checked-submit"}'
expect_status 0 "$bin/gpu-probe" --floor "$tmp/mine.json"
# Of a machine with a GPU it asks for that one, and points at its own lines.
honey=$src/tests/data/facts/honey.json
expect_status 0 "$bin/gpu-probe" --replay "$honey" --write-floor "$tmp/gpu.json"
expect_status 1 "$bin/gpu-probe" --floor "$tmp/gpu.json" --format json
expect_json "$tmp/stdout" "all(f['where']['path'] == '$tmp/gpu.json' and f['where']['line'] > 4
  for f in doc['findings'] if f['code'] == 'EXPECTATION_BROKEN')"
# What did not answer rightly is asked to all the same.
sed 's/"submit": "ok"/"submit": "WRONG_RESULT"/' "$honey" >"$tmp/wrong.json"
expect_status 1 "$bin/gpu-probe" --replay "$tmp/wrong.json" --write-floor "$tmp/wrong-floor.json"
expect_status 2 env VK_DRIVER_FILES=/nonexistent VK_ICD_FILENAMES=/nonexistent \
  "$bin/gpu-probe" --only vulkan --write-floor "$tmp/none.json"
[ ! -e "$tmp/none.json" ] || fail 'a floor of nothing was written'

# Recorded, replayed, and the facts of the replay are the same document again.
expect_status 0 "$bin/gpu-probe" --floor software --pci-dump "$dump" --record "$tmp/facts.json"
expect_status 0 "$bin/gpu-probe" --facts-only --format json --replay "$tmp/facts.json"
expect_stdout_is "$tmp/facts.json"
expect_status 0 "$bin/gpu-probe" --floor software --replay "$tmp/facts.json" --record "$tmp/again.json"
cmp "$tmp/facts.json" "$tmp/again.json" || fail 'what was replayed is recorded as something else'
expect_status 0 "$bin/gpu-probe" --floor software --replay "$tmp/facts.json"
expect_status 0 "$bin/gpu-probe" --floor honey --replay "$honey"

# What does not go together.
expect_usage_error "$bin/gpu-probe" --replay "$honey" --pci-dump "$dump"
expect_usage_error "$bin/gpu-probe" --floor honey --write-floor "$tmp/x"
expect_usage_error "$bin/gpu-probe" --write-floor -
expect_usage_error "$bin/gpu-probe" --facts-only --write-floor "$tmp/x"
[ ! -e "$tmp/x" ] || fail 'a refused command wrote a file'
