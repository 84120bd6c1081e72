# SPDX-License-Identifier: Apache-2.0
# Each call that can fail fails once while a job is handed out and run, under the bridge and in the
# worker: the job ends once, the next one is right, and nothing is left behind. LANE_TORTURE_ALL=1
# leaves no call out.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

in_worker='send recvmsg pread setrlimit'
most=2
# A sanitizer has its own malloc, and minds what is in front of it.
grep -qE '^LANE_SANITIZE:STRING=.+' "$build/CMakeCache.txt" || {
  in_worker="malloc $in_worker"
  most=6
}
ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
export ASAN_OPTIONS
[ -z "${LANE_TORTURE_ALL-}" ] || most=0
LANE_TEST_TIMEOUT=${LANE_TORTURE_ALL:+3600}
export LANE_TEST_TIMEOUT="${LANE_TEST_TIMEOUT:-250}"

sh "$src/tests/hostile/shaders/compile.sh" "$tmp"
for where in worker bridge; do
  functions='fork socketpair memfd_create ftruncate sendmsg recvmsg pread'
  [ "$where" = bridge ] || functions=$in_worker
  # shellcheck disable=SC2086 # the list is meant to split
  run python3 "$src/tests/torture/worker.py" "$build" "$tmp" "$tmp/vadd.spv" "$most" "$where" \
    $functions
  cat "$tmp/stdout"
  [ "$status" -eq 0 ] || fail "in the $where"
done
