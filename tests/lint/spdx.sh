# SPDX-License-Identifier: Apache-2.0
# Every source names its licence in one of its first two lines.
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src"
files '*.c' '*.h' '*.comp' '*.sh' '*.py' '*.js' '*.mjs' '*.cmake' CMakeLists.txt run \
  '*.bash' '*.nix' '*Containerfile' '*.service.in' '*.socket' >"$tmp/files"
while read -r file; do
  head -n 2 -- "$file" | grep -qF 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done <"$tmp/files" >"$tmp/without"
[ ! -s "$tmp/without" ] || fail "without an SPDX line: $(tr '\n' ' ' <"$tmp/without")"
