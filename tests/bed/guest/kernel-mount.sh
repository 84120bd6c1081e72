#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs as the first process of the machine that tests/bed/boot-vm.sh boots: the kernel's own 9p
# client mounts the bridge, and a shell does the rest. /mnt holds bin/, libexec/ and data/.
set -eu

data=/mnt/data
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json

fail() {
  echo "FAIL: $*"
  tail -n 20 /tmp/*.log 2>/dev/null
  dmesg | tail -n 5
  exit 1
}

# passed WHAT
passed() {
  echo "ok $mounted: $1"
}

# within SECONDS COMMAND...: until it succeeds.
within() {
  tries=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$mounted: waited in vain for: $*"
    sleep 0.1
  done
}

# bridge ARGUMENT...: starts it and waits until it listens; the socket may be there from before.
bridge() {
  gpu-bridge-host --listen unix:/run/bridge.sock "$@" >/tmp/bridge.log 2>&1 &
  bridge_pid=$!
  mounted='a bridge'
  within 60 grep -q 'listening on' /tmp/bridge.log
}

stop_bridge() {
  kill -TERM "$bridge_pid"
  wait "$bridge_pid" || fail "the bridge ended with $?"
}

# mount_at WHAT OPTIONS [DEVICE]: mounts it at /m.
mount_at() {
  mounted=$1
  mkdir -p /m
  mount -t 9p -o "version=9p2000.L,cache=none,$2" "${3:-/run/bridge.sock}" /m ||
    fail "$1: mount"
}

# What a person does who only looks.
look() {
  ls -lR /m >/tmp/listing || fail "$mounted: ls -lR"
  grep -q '^-r--r--r--.* status$' /tmp/listing || fail "$mounted: ls -lR shows no status"
  passed 'ls -lR'

  grep -q '^gpu-lane ' /m/version || fail "$mounted: cat version"
  cmp /m/gpu/GPU-0/info "$1" || fail "$mounted: info"
  [ "$(stat -c %s /m/gpu/GPU-0/info)" -eq "$(wc -c <"$1")" ] || fail "$mounted: size of info"
  [ "$(stat -c %F:%a /m/gpu/GPU-0)" = directory:555 ] || fail "$mounted: stat of a directory"
  [ "$(stat -f -c %t /m)" = 1021997 ] || fail "$mounted: stat -f"
  df /m >/dev/null || fail "$mounted: df"
  [ ! -e /m/gpu/GPU-9 ] || fail "$mounted: a GPU that is not there"
  passed 'cat, stat, df'

  if (echo x >>/m/gpu/GPU-0/status) 2>/dev/null || rm -f /m/version 2>/dev/null ||
    mkdir /m/gpu/mine 2>/dev/null; then
    fail "$mounted: what is read only was written"
  fi
  passed 'what is read only stays'
}

# ctl LINE: one command and its reply, through one descriptor.
ctl() {
  exec 4<>/m/gpu/GPU-0/ctl
  echo "$1" >&4
  cat <&4
  exec 4>&-
}

# ends_as JOB STATE SECONDS
ends_as() {
  within "$3" grep -q "\"job\":\"$1\",\"state\":\"\(OK\|ERR[^\"]*\)\"" /m/gpu/GPU-0/status
  grep -q "\"job\":\"$1\",\"state\":\"$2\"" /m/gpu/GPU-0/status ||
    fail "$mounted: $(grep "\"$1\"" /m/gpu/GPU-0/status)"
}

# take_lease MEM_MB
take_lease() {
  reply=$(ctl "LEASE mem_mb=$1 streams=1 ttl_s=300")
  case $reply in
    'OK LEASE lease='*) passed "$reply" ;;
    *) fail "$mounted: LEASE: $reply" ;;
  esac
}

# A read of events that nothing answers ends when it is interrupted; one that something answers ends
# with it, and the session goes on.
interrupt() {
  # A shell starts background commands with SIGINT ignored; timeout does not.
  status=0
  timeout -s INT 2 cat /m/gpu/GPU-0/events >/tmp/events || status=$?
  [ "$status" -eq 124 ] || fail "$mounted: an interrupted read of events ended with $status"
  grep -q '^gpu-lane ' /m/version || fail "$mounted: after the interrupt"
  passed 'Ctrl-C in a blocked read'
}

# ---- synthetic GPUs

bridge --mock
mount_at 'mock, unix' trans=unix,access=any
look "$data/mock-info.json"

take_lease 64
dd if=/m/gpu/GPU-0/events of=/tmp/first-event bs=4096 count=1 2>/dev/null &
reader=$!
# coreutils takes 9p for a local file system and would wait for inotify, which tells of no server.
tail ---disable-inotify -n +1 -f -s 0.2 /m/gpu/GPU-0/status >/tmp/tail &
follower=$!
sleep 0.5
cat "$data/mock-1.json" >>/m/gpu/GPU-0/job || fail 'mock: >> job'
cat "$data/mock-2.json" >/m/gpu/GPU-0/job || fail 'mock: > job'
ends_as mock-1 OK 20
ends_as mock-2 OK 20
passed '>> and > submit jobs'
within 10 grep -q mock-2.*OK /tmp/tail
kill "$follower"
passed 'tail -f follows status'
wait "$reader"
grep -q mock-1 /tmp/first-event || fail 'mock: the blocked read of events had no answer'
passed 'a blocked read is answered'
interrupt
case $(ctl RELEASE) in
  'OK RELEASE'*) passed 'RELEASE' ;;
  *) fail 'mock: RELEASE' ;;
esac

# The bridge is gone under a mount: an error and no hang; a new mount works.
kill -KILL "$bridge_pid"
wait "$bridge_pid" && fail "the killed bridge ended with 0"
timeout 10 cat /m/version >/dev/null 2>&1 && fail 'read from a bridge that is gone'
[ $? -ne 124 ] || fail 'a read from a bridge that is gone hangs'
umount /m || fail 'umount after the bridge is gone'
bridge --mock --listen tcp:127.0.0.1:5640
mount_at 'mock, restarted' trans=unix,access=any
look "$data/mock-info.json"
umount /m
passed 'bridge restarted, mounted again'

# Two users through one mount: the kernel attaches for each, and only root has root's rights.
mount_at 'mock, two users' trans=unix,access=user
take_lease 64
as_nobody() {
  setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$1"
}
as_nobody 'cat /m/gpu/GPU-0/info' | cmp - "$data/mock-info.json" || fail 'nobody cannot read'
as_nobody 'echo RELEASE >/m/gpu/GPU-0/ctl' 2>/dev/null && fail 'nobody writes ctl'
as_nobody 'cat /mnt/data/mock-1.json >>/m/gpu/GPU-0/job' 2>/dev/null && fail 'nobody submits'
passed 'another user reads and writes nothing'
umount /m

# Without cache=none, and with the largest and smallest messages.
for options in msize=4096 msize=1048576 noxattr; do
  mount_at "mock, $options" "trans=unix,access=any,$options"
  look "$data/mock-info.json"
  umount /m
done

# TCP, where nobody has credentials, and a connection that somebody else has made.
mount_at 'mock, tcp' trans=tcp,port=5640,access=any 127.0.0.1
look "$data/mock-info.json"
(echo RELEASE >/m/gpu/GPU-0/ctl) 2>/dev/null && fail 'a stranger writes ctl'
umount /m
mounted='mock, fd'
bash -c 'exec 3<>/dev/tcp/127.0.0.1/5640 &&
  mount -t 9p -o version=9p2000.L,cache=none,trans=fd,rfdno=3,wfdno=3,access=any bridge /m' ||
  fail "$mounted: mount"
look "$data/mock-info.json"
umount /m
stop_bridge
[ ! -e /run/bridge.sock ] || fail 'the socket is left'

# ---- a real driver, and jobs that really run, with nothing but a shell

bridge --allow-software
mount_at 'lavapipe, unix' trans=unix,access=any
look /m/gpu/GPU-0/info
take_lease 64
cat "$data/job.json" >>/m/gpu/GPU-0/job || fail 'lavapipe: >> job'
ends_as guest-1 OK 60
cmp /m/worker/guest-1/result "$data/expected" || fail 'the result is wrong'
passed 'cat descriptor >> job, and the result is right'
cat "$data/endless.json" >>/m/gpu/GPU-0/job
ends_as guest-2 'ERR TIMEOUT' 60
sed s/guest-1/guest-3/ "$data/job.json" >>/m/gpu/GPU-0/job
ends_as guest-3 OK 60
cmp /m/worker/guest-3/result "$data/expected" || fail 'the result after a timeout is wrong'
passed 'an endless job is stopped and the next one is right'
umount /m
stop_bridge
passed 'umount, and the bridge ends'
