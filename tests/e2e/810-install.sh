# SPDX-License-Identifier: Apache-2.0
# What is installed stands on its own: from another folder, with an empty environment, through a
# link and with the build tree out of sight, programs find their floors, schemas and worker.
. "$(dirname -- "$0")/../lib.sh"
need cmake
lavapipe

prefix="$tmp/a prefix"
expect_status 0 cmake --install "$build" --prefix "$prefix"
for program in "$bin"/gpu-*; do
  [ -x "$prefix/bin/${program##*/}" ] || fail "${program##*/} is not installed"
done
ln -s -- "$prefix/bin/gpu-probe" "$tmp/link"
"$bin/gpu-probe" --list-floors >"$tmp/floors"

# Where the machine allows it the build tree is covered, so that nothing of it can be opened.
installed() {
  set -- env -i PATH=/usr/bin:/bin HOME="$tmp" "VK_DRIVER_FILES=$VK_DRIVER_FILES" \
    "VK_ICD_FILENAMES=$VK_ICD_FILENAMES" "ASAN_OPTIONS=${ASAN_OPTIONS-}" \
    "LSAN_OPTIONS=${LSAN_OPTIONS-}" "UBSAN_OPTIONS=${UBSAN_OPTIONS-}" "$@"
  cd /
  if unshare --mount true 2>/dev/null; then
    # shellcheck disable=SC2016 # expanded by the inner shell
    run unshare --mount --propagation private sh -c \
      'mount -t tmpfs none "$1" && shift && exec "$@"' sh "$build" "$@"
  else
    run "$@"
  fi
}
expect_exit() {
  [ "$status" -eq "$1" ] || fail "exit status $status, expected $1"
}

installed "$prefix/bin/gpu-probe" --list-floors
expect_exit 0
expect_stdout_is "$tmp/floors"
installed "$tmp/link" --list-floors
expect_exit 0
expect_stdout_is "$tmp/floors"
installed "$prefix/bin/gpu-probe" --floor software
expect_exit 0
installed "$prefix/bin/gpu-canary" --allow-software --workload vadd
expect_exit 0
expect_stdout verified

# Every schema that a document names is there, and is a schema.
for schema in "$prefix"/share/gpu-lane/schemas/*.json; do
  python3 - "$schema" <<'PYTHON' || fail "$schema is not a JSON Schema"
import json, sys
import jsonschema
with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.validators.validator_for(schema).check_schema(schema)
PYTHON
done
