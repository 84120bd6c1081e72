#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newcomer's path in a machine that Debian has just installed, as its first user walks it: install
# the package, start the service by asking it, take a lease, run the canary, look into the namespace,
# upgrade, remove. Run by boot-systemd.sh as root, with a real systemd and without a network.
set -eu
. "$(dirname -- "$0")/lib.sh"

evidence() {
  systemctl --no-pager --lines=0 status gpu-bridge-host.socket gpu-bridge-host.service
  cat /run/bridge.log
}
ok() {
  echo "ok $*"
}
# expect WHAT COMMAND...: its output is exactly WHAT.
expect() {
  expected=$1
  shift
  said=$("$@" 2>&1) || said="$said (status $?)"
  [ "$said" = "$expected" ] || fail "$*: expected \"$expected\", not \"$said\""
}
# Without a network apt installs from what the bed has fetched.
export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get --quiet "$@" >/run/apt.log 2>&1 || {
    cat /run/apt.log
    fail "apt-get $*"
  }
}
as_runner() {
  runuser -u runner -- "$@"
}
# What the service says goes to a journal that this machine has not; a drop-in writes it down.
mkdir -p /etc/systemd/system/gpu-bridge-host.service.d
printf '[Service]\nStandardError=append:/run/bridge.log\n' \
  >/etc/systemd/system/gpu-bridge-host.service.d/bed.conf
: >/run/bridge.log

# What the README tells to do is done as it stands there: by root, who has said yes for good, ...
package=$(echo /mnt/gpu-lane_*.deb)
before=$(dpkg-query -W | wc -l)
useradd --uid 1001 runner
useradd stranger
printf 'APT::Get::Assume-Yes "true";\nDPkg::Options { "--force-unsafe-io"; };\n' \
  >/etc/apt/apt.conf.d/gpu-lane-newcomer
cd /mnt
sh -e /mnt/readme-package.sh >/run/readme 2>&1 || fail "the README's installing: $(cat /run/readme)"
expect active tail -n 1 /run/readme
ok "installed, with $(($(dpkg-query -W | wc -l) - before - 1)) packages that it asks for"
for program in gpu-probe gpu-canary gpu-lease gpu-report gpu-bridge-host; do
  "$program" --version >/dev/null || fail "$program does not start"
  [ -e "/usr/share/bash-completion/completions/$program" ] || fail "no completion of $program"
done
expect '' dpkg --verify gpu-lane
if [ -e /mnt/pages ]; then
  expect "$(cat /mnt/pages)" sh -c 'dpkg -L gpu-lane | sed -n "s,^/usr/share/man/man./,,p" | sort'
fi

# The user, the socket and its group; nothing runs before somebody asks.
id gpu-lane >/run/id
grep -q render /run/id || fail "not in the group render: $(cat /run/id)"
expect '700 gpu-lane gpu-lane' stat -c '%a %U %G' /var/lib/gpu-lane
expect '660 root gpu-lane' stat -c '%a %U %G' /run/gpu-lane/bridge.sock
expect active systemctl is-active gpu-bridge-host.socket
expect enabled systemctl is-enabled gpu-bridge-host.socket
systemctl is-active --quiet gpu-bridge-host.service && fail 'the bridge runs before it is asked'
ok 'the socket waits, the bridge does not run'

gpu-probe --floor software --quiet || fail 'the software floor is broken'
sed -i 's/^OPTIONS="/&--allow-software /' /etc/gpu-lane/bridge.env
cp /mnt/readme-policy.json /etc/gpu-lane/policy.json

# ... and by the user, whose canary is told here that there is no GPU.
mkdir /run/words
printf '#!/bin/sh\nexec /usr/bin/gpu-canary --allow-software "$@"\n' >/run/words/gpu-canary
chmod -R a+rx /run/words
as_runner env PATH="/run/words:$PATH" sh -e /mnt/readme-user.sh >/run/readme 2>&1 ||
  fail "the README's lease and canary: $(cat /run/readme)"
grep -qx GPU-0/1 /run/readme || fail "no lease: $(cat /run/readme)"
grep -q '^ *vadd .*verified$' /run/readme || fail "not verified: $(cat /run/readme)"
expect active systemctl is-active gpu-bridge-host.service
expect gpu-lane stat -c %U "/proc/$(systemctl show --value -p MainPID gpu-bridge-host.service)"
ok 'asking for a lease has started the bridge, and the canary computes through it'
if runuser -u stranger -- gpu-lease list --bridge unix:/run/gpu-lane/bridge.sock 2>/dev/null; then
  fail 'a user outside the group gets in'
fi

# The kernel of this machine may know no 9P; then diod's client, which shares no code with ours.
apt install --no-install-recommends diod
PATH=$PATH:/usr/sbin
if grep -qw 9p /proc/filesystems; then
  mkdir /run/lane
  mount -t 9p /run/gpu-lane/bridge.sock /run/lane -o trans=unix,version=9p2000.L,access=any,cache=none
  facts=$(cat /run/lane/gpu/GPU-0/facts)
  umount /run/lane
else
  facts=$(diodcat -s /run/gpu-lane/bridge.sock -a / /gpu/GPU-0/facts)
fi
# The unit's walls take nothing from the worker's own: it says what is missing, and that is what is
# missing without them too, but for the name of the control group.
ungrouped() {
  sed 's,/sys/fs/cgroup[^ "]*,GROUP,'
}
gpu-bridge-host --allow-software --listen unix:/run/bare.sock 2>/dev/null &
bare=$!
within 60 test -S /run/bare.sock
bare_facts=$(diodcat -s /run/bare.sock -a / /gpu/GPU-0/facts)
expect "$(echo "$facts" | ungrouped)" echo "$(echo "$bare_facts" | ungrouped)"
kill "$bare"
wait "$bare"
ok 'the namespace is read, and the worker is shut in as it is without the unit'

# A lease outlives the bridge: upgrade restarts it, and the administrator's files stay.
as_runner gpu-lease acquire --bridge unix:/run/gpu-lane/bridge.sock --ttl 600 >/run/lease
pid=$(systemctl show --value -p MainPID gpu-bridge-host.service)
apt install --reinstall "$package"
[ "$(systemctl show --value -p MainPID gpu-bridge-host.service)" != "$pid" ] ||
  fail 'the upgrade has not restarted the bridge'
grep -q runner /etc/gpu-lane/policy.json || fail 'the upgrade has replaced the policy'
as_runner gpu-lease list --bridge unix:/run/gpu-lane/bridge.sock | grep -q "^$(cat /run/lease) " ||
  fail 'the lease is gone after an upgrade'
gpu-bridge-host audit verify /var/lib/gpu-lane >/run/audit 2>&1 || fail "$(cat /run/audit)"
ok 'an upgrade keeps lease, journal and policy'

# What the administrator has changed is read without a restart.
systemctl reload gpu-bridge-host.service || fail 'the reload failed'
within 10 grep -q 'policy read again' /run/bridge.log
ok 'a reload reads the policy again'

# A stop drains and leaves the socket to systemd, which starts the bridge again for the next client.
systemctl stop gpu-bridge-host.service 2>/dev/null
[ "$(systemctl show --value -p Result gpu-bridge-host.service)" = success ] || fail 'the stop failed'
as_runner gpu-lease list --bridge unix:/run/gpu-lane/bridge.sock >/dev/null || fail 'not started anew'

systemd-analyze verify --man=no gpu-bridge-host.service gpu-bridge-host.socket >/run/verify 2>&1 ||
  fail "$(cat /run/verify)"
! grep -i gpu /run/verify || fail 'systemd-analyze verify has something to say'
exposure=$(systemd-analyze security --no-pager gpu-bridge-host.service |
  sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
ok "systemd-analyze verify is silent, exposure $exposure"
awk -v exposure="$exposure" 'BEGIN { exit !(exposure > 0 && exposure <= 2.0) }' ||
  fail "exposure $exposure is over 2.0"

rm -r /etc/systemd/system/gpu-bridge-host.service.d
apt remove gpu-lane
systemctl is-active --quiet gpu-bridge-host.service && fail 'removing has left the bridge running'
[ -e /etc/gpu-lane/policy.json ] || fail 'removing has taken the policy'
apt purge gpu-lane
find / -xdev '(' -path /mnt -o -path /proc -o -path /var/lib/dpkg ')' -prune -o \
  '(' -name '*gpu-lane*' -o -name 'gpu-bridge*' ')' -print >/run/left
! grep -v -e '^/gpu-lane-' -e /var/lib/apt -e '^/etc/apt' /run/left || fail 'something is left'
ok 'purged without a trace'
