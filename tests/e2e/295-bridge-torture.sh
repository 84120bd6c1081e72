# SPDX-License-Identifier: Apache-2.0
# Each call that can fail fails once, at every place of a scripted session or, where there are many,
# at some drawn by chance: the bridge lives or ends as it says, leaks nothing (in a sanitizer's tree)
# and loses no lease that it gave. LANE_TORTURE_ALL=1 leaves none out. Of allocations every place is
# tried in any case, in copies of the bridge.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/certificates.sh"
need openssl python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

functions='accept4 getsockopt epoll_ctl epoll_wait recv send read write fdatasync'
tls_functions='recv send'
# A sanitizer has its own malloc.
if ! grep -qE '^LANE_SANITIZE:STRING=.+' "$build/CMakeCache.txt"; then
  functions="malloc $functions"
  tls_functions="malloc $tls_functions"
fi
some=SOME
[ -z "${LANE_TORTURE_ALL-}" ] || some=ALL
LANE_TEST_TIMEOUT=${LANE_TORTURE_ALL:+3600}
export LANE_TEST_TIMEOUT="${LANE_TEST_TIMEOUT:-250}"
authority ca
certificate server ca /CN=bridge 'subjectAltName=DNS:localhost'
certificate alice ca /CN=alice 'extendedKeyUsage=clientAuth'
printf '{"schema": "gpu-lane-policy/v1", "keys": [], "issuers": [], "users": [],
  "certificates": [{"name": "subject:CN=alice", "subject": "alice", "role": "queen"}]}' \
  >"$tmp/policy.json"
for via in unix tls; do
  # shellcheck disable=SC2086 # the list is meant to split
  run python3 "$src/tests/torture/torture.py" "$build" "$tmp" "$via" "$some" $functions
  cat "$tmp/stdout"
  [ "$status" -eq 0 ] || fail 'the bridge does not bear it'
  functions=$tls_functions
done
