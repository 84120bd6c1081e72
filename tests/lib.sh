# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
# What every test script under tests/e2e and tests/bed starts with:
#
#   . "$(dirname -- "$0")/../lib.sh"
#
# It takes the script's own first argument, the build tree, and gives
#
#   $build $bin   the build tree, and the programs in it as a person would run them
#   $src          the source tree
#   $tmp          a folder of the test's own, removed at the end
#
# A test ends with status 0 when nothing failed, 1 through fail, 77 through skip.
set -eu

build=$(cd -- "$1" && pwd)
bin=$build/bin
src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/gpu-lane-test.XXXXXX")
started=
export LC_ALL=C
# A test must answer alike on a desk and on a runner, whose own variables would turn reporting on.
unset NO_COLOR CLICOLOR_FORCE GITHUB_ACTIONS GITHUB_OUTPUT GITHUB_STEP_SUMMARY GITHUB_TOKEN
unset GPU_LANE_FLOORS

clean_up() {
  status=$?
  set +e
  trap - EXIT INT TERM HUP
  for pid in $started; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf -- "$tmp"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# fail MESSAGE: ends the test as failed, with what the last command said.
fail() {
  printf 'FAIL: %s\n' "$*" >&2
  if [ -n "${last_command-}" ]; then
    printf -- '--- command: %s\n' "$last_command" >&2
    for stream in stdout stderr; do
      printf -- '--- %s:\n' "$stream" >&2
      tail -c 8192 -- "$tmp/$stream" >&2
    done
  fi
  exit 1
}

# skip REASON: ends the test as not runnable on this machine.
skip() {
  printf 'SKIP: %s\n' "$*"
  exit 77
}

# need COMMAND...: skips unless every command is installed.
need() {
  for program in "$@"; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
}

# files PATTERN...: the source files below the current folder with such names, one a line.
files() {
  for pattern in "$@"; do
    find . '(' -name .git -o -name build -o -name node_modules ')' -prune -o \
      -type f -name "$pattern" -print
  done
}

# run COMMAND...: runs it with a deadline; sets $status, fills $tmp/stdout and $tmp/stderr.
run() {
  last_command=$*
  status=0
  timeout -k 5 "${LANE_TEST_TIMEOUT:-120}" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null ||
    status=$?
}

# expect_status STATUS COMMAND...: runs it as `run` does and fails unless it ends with STATUS.
expect_status() {
  expected=$1
  shift
  run "$@"
  [ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
}

# expect_stdout TEXT, expect_stderr TEXT: the last command's stream holds this fixed text.
expect_stdout() {
  grep -qF -e "$1" -- "$tmp/stdout" || fail "stdout does not hold: $1"
}
expect_stderr() {
  grep -qF -e "$1" -- "$tmp/stderr" || fail "stderr does not hold: $1"
}

# expect_no_stdout [TEXT], expect_no_stderr [TEXT]: the stream is empty, or does not hold this text.
expect_no_stdout() {
  refuse_in stdout "${1-}"
}
expect_no_stderr() {
  refuse_in stderr "${1-}"
}
refuse_in() {
  if [ -z "$2" ]; then
    [ ! -s "$tmp/$1" ] || fail "$1 is not empty"
  elif grep -qF -e "$2" -- "$tmp/$1"; then
    fail "$1 holds: $2"
  fi
}

# expect_stdout_is FILE: the whole of the last command's stdout equals FILE.
expect_stdout_is() {
  diff -u -- "$1" "$tmp/stdout" >&2 || fail "stdout differs from $1"
}

# expect_stderr_lines NUMBER: the last command wrote so many lines to stderr.
expect_stderr_lines() {
  lines=$(wc -l <"$tmp/stderr")
  [ "$lines" -eq "$1" ] || fail "$lines lines on stderr, expected $1"
}

# expect_usage_error COMMAND...: exit 64, nothing on stdout, one line on stderr.
expect_usage_error() {
  expect_status 64 "$@"
  expect_no_stdout ''
  expect_stderr_lines 1
}

# expect_json FILE EXPRESSION: a Python expression over the document `doc` is true.
expect_json() {
  python3 - "$1" "$2" <<'PYTHON' || fail "$1: not true: $2"
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    doc = json.load(file)
if not eval(sys.argv[2], {"doc": doc}):
    json.dump(doc, sys.stderr, indent=1)
    sys.exit(1)
PYTHON
}

# expect_schema FILE SCHEMA: the document is valid, by python3-jsonschema, an independent reader.
expect_schema() {
  python3 - "$1" "$2" <<'PYTHON' || fail "$1 is not valid against $2"
import json, sys
import jsonschema
with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
errors = list(validator(schema).iter_errors(document))
for error in errors[:10]:
    print("/".join(map(str, error.absolute_path)) or "(root)", error.message, file=sys.stderr)
sys.exit(1 if errors else 0)
PYTHON
}

# start COMMAND...: runs it in the background until the test ends; sets $pid, and fills
# $tmp/<program>.log with both its streams.
start() {
  : >"$tmp/${1##*/}.log"
  "$@" >>"$tmp/${1##*/}.log" 2>&1 </dev/null &
  pid=$!
  started="$started $pid"
}

# wait_for SECONDS COMMAND...: polls until the command succeeds, fails when the time is over.
wait_for() {
  polls=$(($1 * 20))
  shift
  until "$@" >/dev/null 2>&1; do
    polls=$((polls - 1))
    [ "$polls" -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.05
  done
}

# lavapipe: points the Vulkan loader at the software driver alone, or skips when it is not there.
lavapipe() {
  for manifest in /usr/share/vulkan/icd.d/lvp_icd*.json; do
    [ -e "$manifest" ] || skip 'the lavapipe driver (mesa-vulkan-drivers) is not installed'
    VK_DRIVER_FILES=$manifest
    VK_ICD_FILENAMES=$manifest
    export VK_DRIVER_FILES VK_ICD_FILENAMES
  done
  # The driver leaves memory behind and is unmapped when a leak is looked for, so that no
  # suppression can name it. What does not load a driver is still checked for leaks.
  export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
}

# bed_root BED: sets $root to a root built by tests/bed/setup-root.sh, or skips with its reason.
bed_root() {
  outcome=0
  root=$(sh "$src/tests/bed/setup-root.sh" "$1" "$src/build/beds") || outcome=$?
  [ "$outcome" -ne 77 ] || skip "$root"
  [ "$outcome" -eq 0 ] || fail "the bed $1 could not be set up"
}

# in_root VARIABLE=VALUE... COMMAND...: runs it as `run` does inside $root, in a mount namespace of
# its own with the build tree at /mnt; nothing of the environment but what is given goes along.
in_root() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  run unshare --mount --propagation private sh -c '
    mount --rbind /proc "$1/proc" && mount --rbind /sys "$1/sys" &&
      mount --bind "$2" "$1/mnt" || exit 125
    root=$1
    shift 2
    exec chroot "$root" env -i PATH=/mnt/bin:/usr/bin:/bin "$@"' sh "$root" "$build" "$@"
  last_command="in the bed: $*"
  [ "$status" -ne 125 ] || fail 'the bed could not be entered'
}

# boot_vm SUITE SCRIPT: runs tests/bed/guest/SCRIPT in an emulated machine with the kernel of this
# Debian suite, or skips with the reason. There it is the only program, is given a folder, whose
# files come back as $tmp/gathered, and has $tmp/payload at /mnt, with the build tree's programs.
boot_vm() {
  need qemu-system-x86_64 mkfs.ext4
  outcome=0
  boot=$(sh "$src/tests/bed/setup-vm.sh" "$1" "$src/build/beds") || outcome=$?
  [ "$outcome" -ne 77 ] || skip "$boot"
  [ "$outcome" -eq 0 ] || fail "the machine with the kernel of $1 could not be made"
  mkdir -p -- "$tmp/payload" "$tmp/gathered"
  cp -R -- "$bin" "$build/libexec" "$build/share" "$tmp/payload"
  cp -- "$src/tests/bed/guest/$2" "$tmp/payload/guest.sh"
  LANE_TEST_TIMEOUT=200 run sh "$src/tests/bed/boot-vm.sh" \
    "$boot" "$tmp/payload" 180 "$tmp/gathered"
  cat -- "$tmp/stdout"
  [ "$status" -eq 0 ] || fail "the guest ended with status $status"
}
