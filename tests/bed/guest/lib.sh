# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the scripts share that run in the machine of a bed; boot-vm.sh and boot-systemd.sh put this
# beside them.

# fail MESSAGE: ends the test, with the evidence.
fail() {
  set +e
  echo "FAIL: $*"
  evidence
  exit 1
}
# evidence: what helps to understand a failure; for a script to replace.
evidence() {
  tail -n 20 /run/*.log /tmp/*.log 2>/dev/null
  dmesg | tail -n 5
}

# within SECONDS COMMAND...: until it succeeds. By the clock: in an emulated machine it may be slow.
within() {
  read -r now rest </proc/uptime
  deadline=$((${now%.*} + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    read -r now rest </proc/uptime
    [ "${now%.*}" -le "$deadline" ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}

# ends_as JOB STATE SECONDS: on GPU-0 of the bridge that is mounted at /m.
ends_as() {
  within "$3" grep -q "\"job\":\"$1\",\"state\":\"\(OK\|ERR[^\"]*\)\"" /m/gpu/GPU-0/status
  grep -q "\"job\":\"$1\",\"state\":\"$2\"" /m/gpu/GPU-0/status ||
    fail "$(grep "\"$1\"" /m/gpu/GPU-0/status)"
}
