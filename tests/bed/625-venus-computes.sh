#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Venus executes: in a machine whose kernel has udmabuf, which a renderer on the CPU shares its memory
# by, the whole way to the server's lavapipe and back gives every word right. It is recognised as
# Venus, and refused as software all the same.
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
