#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Venus executes: in a machine whose kernel has udmabuf, which a renderer on the CPU shares its memory
# by, the whole way to the server's lavapipe and back gives every word right. It is recognised as
# Venus, and refused as software all the same. A canary gets from it what it gets from lavapipe, and
# a lost device when the server ends in the middle: no figure, no lease, and the next one is right
# once the server is back.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root trixie

# The server comes from the bed of the other Venus tests, with its libraries.
mkdir -p -- "$tmp/payload/venus"
for program in /usr/bin/virgl_test_server /usr/libexec/virgl_render_server; do
  cp -- "$root$program" "$tmp/payload/venus"
  chroot "$root" ldd "$program" | grep -o '/[^ ]*' | grep -Ev '/(ld-linux|libc\.|libm\.)' |
    while read -r library; do
      cp -L -- "$root$library" "$tmp/payload/venus"
    done
done
boot_vm trixie venus.sh

expect_json "$tmp/gathered/krunkit.json" "(doc['device']['name'].startswith(
  'Virtio-GPU Venus (llvmpipe') and doc['device']['driver'] == 'venus' and
  doc['device']['software'] is True and doc['verdict'] == 'broken')"
expect_json "$tmp/gathered/krunkit.json" "{check['id']: check['state']
  for check in doc['expectations'] if check['id'] in ('venus', 'hardware', 'checked-submit')} == {
  'venus': 'held', 'hardware': 'broken', 'checked-submit': 'held'}"
expect_json "$tmp/gathered/krunkit.json" "{'VENUS_SOFTWARE', 'DEVICE_SOFTWARE_ONLY'} <= {
  f['code'] for f in doc['findings'] if f['level'] == 'failure'}"
# Its two sides agree, and nothing that it says of that is taken for a quarrel.
expect_json "$tmp/gathered/krunkit.json" "'VENUS_PROTOCOL' not in [f['code']
  for f in doc['findings']]"
expect_json "$tmp/gathered/facts.json" "[(d['driver_id'], d['submit'])
  for d in doc['vulkan']['devices']] == [('MESA_VENUS', 'ok')]"
expect_json "$tmp/gathered/facts.json" "any('wire format version' in line
  for c in doc['collectors'] for line in c.get('log', []))"

expect_json "$tmp/gathered/venus.json" "(doc['device']['driver'] == 'venus' and
  [w['verified'] for w in doc['workloads']] == [True, True])"
results() {
  python3 -c 'import json, sys
for w in json.load(open(sys.argv[1]))["workloads"]:
    print(w["name"], w["spirv_sha256"], w["params"]["n"], w["checked_elements"], w["mismatches"])
' "$tmp/gathered/$1.json"
}
[ "$(results venus)" = "$(results lavapipe)" ] || fail "$(results venus) unlike $(results lavapipe)"

expect_json "$tmp/gathered/taken.json" "[l['state'] for l in doc['leases']] == ['ACTIVE']"
# Venus aborts, which is a lost device and a quarantine; where it reads on and on instead, the job's
# time ends it.
expect_json "$tmp/gathered/cut.json" "(doc['verdict'] == 'broken' and
  [(w['verified'], w['median'], w['samples']) for w in doc['workloads']] == [(False, None, [])])"
ends=$(python3 -c 'import json, sys
cut, freed = (json.load(open(name)) for name in sys.argv[1:])
failures = [f for f in cut["findings"] if f["level"] == "failure"]
print(*(f["message"] for f in failures), sep="\n", file=sys.stderr)
print(*(f["code"] for f in failures), *(g["state"] for g in freed["gpus"]), *freed["leases"])
' "$tmp/gathered/cut.json" "$tmp/gathered/freed.json")
case $ends in
  'JOB_DEVICE_LOST quarantined' | 'JOB_TIMEOUT serving') ;;
  *) fail "the server ended, and that is $ends" ;;
esac
expect_json "$tmp/gathered/again.json" "[w['verified'] for w in doc['workloads']] == [True]"
