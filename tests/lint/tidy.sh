# SPDX-License-Identifier: Apache-2.0
# clang-tidy has nothing to say about any file that is compiled (the checks are in .clang-tidy).
. "$(dirname -- "$0")/../lib.sh"
need clang-tidy python3

python3 - "$build/compile_commands.json" "$src" >"$tmp/files" <<'PYTHON'
import json, os, sys
with open(sys.argv[1], encoding="utf-8") as file:
    sources = {os.path.relpath(entry["file"], sys.argv[2]) for entry in json.load(file)}
print("\n".join(sorted(source for source in sources if not source.startswith(".."))))
PYTHON
[ -s "$tmp/files" ] || fail "no file in $build/compile_commands.json"

# What is counted in another file's headers ("N warnings generated") is noise; a finding is not.
cd -- "$src"
xargs -n 4 -P "$(nproc)" clang-tidy --quiet -p "$build" <"$tmp/files" >"$tmp/found" 2>"$tmp/noise" || {
  cat -- "$tmp/found"
  grep -E '(^|/)[^ ]*: (fatal )?error:|^Error' -- "$tmp/noise" >&2 || echo 'clang-tidy failed' >&2
  exit 1
}
