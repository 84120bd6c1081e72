# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2086 # commands of several words
# Runs as the only program of the machine that tests/bed/boot-vm.sh boots: the kernel's own 9p
# client mounts the bridge, and a shell does the rest. /mnt holds bin/, libexec/ and data/; with
# data/driver jobs also run on a real driver.
set -eu
. "$(dirname -- "$0")/lib.sh"

data=/mnt/data
gpu=/m/gpu/GPU-0
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json
export GPU_LANE_BRIDGE=unix:/run/bridge.sock
mounted='the machine'
# What they are put before is run as them.
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
user='setpriv --reuid 1000 --regid 1000 --clear-groups'

evidence() {
  echo "mounted: $mounted"
  tail -n 20 /tmp/*.log 2>/dev/null
  dmesg | tail -n 5
}

# passed WHAT: when, in seconds since the boot, and what.
passed() {
  read -r seconds rest </proc/uptime
  echo "ok $seconds $mounted: $1"
}

# refuses TEXT COMMAND...: it fails, at once, and says so.
refuses() {
  expected=$1
  shift
  if timeout 20 "$@" >/tmp/refused 2>&1; then
    fail "was not refused: $*"
  fi
  grep -q "$expected" /tmp/refused || fail "$*: not \"$expected\" but $(cat /tmp/refused)"
}

# refuses_write COMMAND...: as `refuses`, for a lease or ticket that is over. Linux 6.12 makes of
# every write that the server refuses one of no bytes, which cat takes for a full disk, and fails the
# next one of a descriptor that was open then with EIO, without sending it.
refuses_write() {
  case $(uname -r) in
    6.12.*) refuses 'not permitted\|No space left' "$@" ;;
    *) refuses 'not permitted' "$@" ;;
  esac
}

# bridge ARGUMENT...: starts it and waits until it listens; the socket may be there from before.
bridge() {
  gpu-bridge-host --listen unix:/run/bridge.sock "$@" >/tmp/bridge.log 2>&1 &
  bridge_pid=$!
  within 60 grep -q 'listening on' /tmp/bridge.log
}

stop_bridge() {
  kill -TERM "$bridge_pid"
  wait "$bridge_pid" || fail "the bridge ended with $?"
}

# mount_at WHAT OPTIONS [DEVICE]: mounts it at /m.
mount_at() {
  mounted=$1
  mount -t 9p -o "version=9p2000.L,msize=1048576,cache=none,$2" "${3:-/run/bridge.sock}" /m ||
    fail 'mount'
}

# take_handle: a handle with the rights of /tmp/ticket, which is good for one mount.
take_handle() {
  gpu-lease handle --ticket /tmp/ticket || fail 'gpu-lease handle'
}

unmount() {
  timeout 20 umount /m || fail 'umount'
}

# What a person does who only looks.
look() {
  ls -lR /m >/tmp/listing || fail 'ls -lR'
  grep -q '^-r--r--r--.* status$' /tmp/listing || fail 'ls -lR shows no status'
  grep -q '^gpu-lane ' /m/version || fail 'cat version'
  cmp $gpu/info "$1" || fail 'info'
  [ "$(stat -c %s $gpu/info)" -eq "$(wc -c <"$1")" ] || fail 'size of info'
  [ "$(stat -c %F:%a $gpu)" = directory:555 ] || fail 'stat of a directory'
  [ "$(stat -f -c %t /m)" = 1021997 ] || fail 'stat -f'
  df /m >/dev/null || fail 'df'
  refuses 'No such file' ls /m/gpu/GPU-9
  for command in "echo x >>$gpu/status" 'rm -f /m/version' 'mkdir /m/gpu/mine' ': >/m/version'; do
    refuses 'ermi\|denied' sh -c "$command"
  done
  passed 'ls -lR, cat, stat and df; what is read only stays'
}

# ctl LINE: one command and its reply, through one descriptor.
ctl() {
  exec 4<>$gpu/ctl
  echo "$1" >&4
  cat <&4
  exec 4>&-
}

# take_lease: sets $lease.
take_lease() {
  reply=$(ctl 'LEASE mem_mb=64 streams=1 ttl_s=300')
  case $reply in
    'OK LEASE lease='*) passed "$reply" ;;
    *) fail "LEASE: $reply" ;;
  esac
  lease=${reply#*lease=}
  lease=${lease%% *}
}

# work NAME: what a person does who has a job to run, and looks on meanwhile.
work() {
  take_lease
  cat $gpu/events >/tmp/events &
  reader=$!
  # coreutils takes 9p for a local file system and would wait for inotify, which tells of no server.
  tail ---disable-inotify -n +1 -f -s 0.2 $gpu/status >/tmp/tail &
  follower=$!
  sleep 0.2
  sed "s/mock-1/$1-1/" $data/mock-1.json >>$gpu/job || fail '>> job'
  sed "s/mock-1/$1-2/" $data/mock-1.json >$gpu/job || fail '> job'
  ends_as "$1-1" OK 60
  ends_as "$1-2" OK 60
  within 60 grep -q "$1-2.*OK" /tmp/tail
  within 60 grep -q "$1-2.*OK" /tmp/events
  kill "$follower" "$reader"
  wait "$reader" && fail 'events has an end'
  passed '>> and > submit jobs, tail -f follows, a blocked read is answered'

  # A read of events that nothing answers ends when it is interrupted, and the session goes on. A
  # shell starts background commands with SIGINT ignored; timeout does not.
  status=0
  timeout -s INT 1 cat $gpu/events >/tmp/events || status=$?
  [ "$status" -eq 124 ] || fail "an interrupted read of events ended with $status"
  grep -q '^gpu-lane ' /m/version || fail 'after the interrupt'
  passed 'Ctrl-C in a blocked read'
  case $(ctl RELEASE) in
    'OK RELEASE'*) ;;
    *) fail 'RELEASE' ;;
  esac
}

# ---- synthetic GPUs

passed "Linux $(uname -r)"
mkdir /m
gpu-lease keygen /tmp/operator.jwk
echo '{"schema": "gpu-lane-policy/v1", "keys": ["operator.jwk.pub"]}' >/tmp/policy.json
gpu-lease mint --key /tmp/operator.jwk --subject guest >/tmp/ticket 2>/tmp/minted
bridge --mock --policy /tmp/policy.json --listen tcp:127.0.0.1:5640

mount_at 'unix' trans=unix,access=any
look $data/mock-info.json
work unix
# The lease is taken away while the mount stands: what was opened under it is worth nothing more.
take_lease
exec 5>>$gpu/job
gpu-lease revoke "GPU-0/$lease" || fail 'revoke'
refuses_write sh -c "cat $data/mock-1.json >&5"
exec 5>&- || fail 'close after the revocation'
grep -q "lease=$lease " /m/proc/leases && fail 'the lease is still there'
take_lease
sed s/mock-1/again/ $data/mock-1.json >>$gpu/job || fail '>> job after the revocation'
ends_as again OK 60
unmount
passed 'a revoked lease is gone, another one works'

# Two users through one mount: the kernel attaches for each, and only root has root's rights.
mount_at 'two users' trans=unix,access=user
take_lease
$nobody cat $gpu/info | cmp - $data/mock-info.json || fail 'nobody cannot read'
refuses 'ermi\|denied' $nobody sh -c "echo RELEASE >$gpu/ctl"
refuses 'ermi\|denied' $nobody sh -c "cat $data/mock-1.json >>$gpu/job"
ctl RELEASE >/tmp/released
unmount
passed 'another user reads and writes nothing'

# A mount with the rights of a ticket for one user alone: whoever gets to it has them.
mounted='one user'
mkdir -m 0700 /own
chown 1000:1000 /own
mkdir /own/m
mount -t 9p -o "version=9p2000.L,trans=unix,access=any,aname=$(take_handle)" /run/bridge.sock \
  /own/m || fail 'mount'
$user sh -c "exec 4<>/own$gpu/ctl && echo LEASE mem_mb=64 streams=1 ttl_s=60 >&4 && cat <&4 &&
  sed s/mock-1/user-1/ $data/mock-1.json >>/own$gpu/job" >/tmp/user || fail 'the user cannot work'
grep -q 'OK LEASE' /tmp/user || fail "LEASE: $(cat /tmp/user)"
refuses 'ermi\|denied' $nobody cat /own/m/version
umount /own/m || fail 'umount'
passed 'the user works, others do not get there'

# The smallest messages, and what is the default for caching.
mounted=msize=4096
mount -t 9p -o version=9p2000.L,trans=unix,access=any,msize=4096 /run/bridge.sock /m || fail mount
ls -lR /m >/tmp/small || fail 'ls -lR'
[ "$(wc -l </tmp/small)" -eq "$(wc -l </tmp/listing)" ] || fail 'ls -lR shows another number'
cmp $gpu/info $data/mock-info.json || fail 'info'
unmount
passed 'ls -lR and cat'

# TCP, where nobody has credentials: without a ticket one may look.
mount_at 'tcp, a stranger' trans=tcp,port=5640,access=any 127.0.0.1
look $data/mock-info.json
refuses 'ermi\|denied' sh -c "echo RELEASE >$gpu/ctl"
unmount

# A ticket is too long for mount(8); a handle is not, and is worth nothing when it can be read in
# /proc/mounts.
mounted='a whole ticket'
[ "$(wc -c </tmp/ticket)" -gt 255 ] || fail 'the ticket is short'
options="version=9p2000.L,trans=tcp,port=5640,aname=$(cat /tmp/ticket)"
refuses . mount -t 9p -o "$options" 127.0.0.1 /m
passed "refused by mount: $(cat /tmp/refused)"
handle=$(take_handle)
mount_at 'tcp, a handle' "trans=tcp,port=5640,access=any,aname=$handle" 127.0.0.1
work tcp
grep -q "aname=$handle" /proc/mounts || fail '/proc/mounts has no aname'
mkdir /again
# What mount makes of EACCES; without -w it would try a second time, for reading only.
refuses 'write-protected' mount -w -t 9p -o "version=9p2000.L,trans=tcp,port=5640,aname=$handle" \
  127.0.0.1 /again
passed 'the handle is good once'
# The ticket behind it becomes worthless while the mount stands.
take_lease
gpu-lease revoke "$(sed -n 's/.*ticket //p' /tmp/minted)" || fail 'revoke'
refuses 'not permitted' cat /m/version
refuses 'not permitted' ls /m/gpu
refuses_write sh -c "cat $data/mock-1.json >>$gpu/job"
unmount
passed 'after the revocation of the ticket nothing is permitted but umount'

# A connection that somebody else has made.
gpu-lease mint --key /tmp/operator.jwk --subject other >/tmp/ticket 2>/tmp/minted
mounted=fd
handle=$(take_handle)
bash -c "exec 3<>/dev/tcp/127.0.0.1/5640 && mount -t 9p -o \
  version=9p2000.L,msize=1048576,trans=fd,rfdno=3,wfdno=3,access=any,aname=$handle bridge /m" ||
  fail 'mount'
cmp $gpu/info $data/mock-info.json || fail 'info'
work fd
unmount

# The bridge is gone under a mount: an error and no hang; a new mount works.
mount_at 'a bridge that is gone' trans=unix,access=any
timeout 60 cat $gpu/events >/tmp/events 2>&1 &
reader=$!
sleep 0.2
kill -KILL "$bridge_pid"
wait "$bridge_pid" && fail 'the killed bridge ended with 0'
wait "$reader" && fail 'a blocked read of it ended with 0'
refuses . cat /m/version
unmount
bridge --mock
mount_at 'restarted' trans=unix,access=any
cmp $gpu/info $data/mock-info.json || fail 'info'
unmount
stop_bridge
[ ! -e /run/bridge.sock ] || fail 'the socket is left'
passed 'umount, and the bridge ends'

# ---- a real driver, and jobs that really run, with nothing but a shell

[ -e $data/driver ] || exit 0
bridge --allow-software
mount_at driver trans=unix,access=any
take_lease
cat $data/job.json >>$gpu/job || fail '>> job'
ends_as guest-1 OK 60
cmp /m/worker/guest-1/result $data/expected || fail 'the result is wrong'
passed 'cat descriptor >> job, and the result is right'
cat $data/endless.json >>$gpu/job
ends_as guest-2 'ERR TIMEOUT' 60
sed s/guest-1/guest-3/ $data/job.json >>$gpu/job
ends_as guest-3 OK 60
cmp /m/worker/guest-3/result $data/expected || fail 'the result after a timeout is wrong'
passed 'an endless job is stopped and the next one is right'
unmount
stop_bridge
passed 'umount, and the bridge ends'
