#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian package in machines that Debian 12 and 13 have just installed, with a systemd each: what a
# newcomer does, from installing to purging. Built on one release it also runs on later ones.
. "$(dirname -- "$0")/../lib.sh"
need cpack dpkg-shlibdeps debootstrap

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${ID-}:${VERSION_CODENAME-}")
case $release in
  debian:bookworm) suites='bookworm trixie' ;;
  debian:trixie) suites=trixie ;;
  *) skip "a package that is built on $release is not for Debian" ;;
esac

expect_status 0 cpack --config "$build/CPackConfig.cmake" -B "$tmp/package"
[ ! -d "$build/share/man" ] || (cd -- "$build/share/man" && ls man?) |
  sed -n '/\.gz$/p' | LC_ALL=C sort >"$tmp/pages"
# block KIND FILE: the README's fenced block of this kind.
block() {
  awk -v opening="\`\`\`$1" '$0 == "```" { shown = 0 } shown; $0 == opening { shown = 1 }' \
    "$src/README.md" >"$tmp/$2"
  [ -s "$tmp/$2" ] || fail "the README has no block $1"
}
block 'sh package' readme-package.sh
block 'json policy' readme-policy.json
block 'sh user' readme-user.sh
for suite in $suites; do
  outcome=0
  root=$(sh "$src/tests/bed/setup-clean.sh" "$suite" "$src/build/beds") || outcome=$?
  [ "$outcome" -ne 77 ] || skip "$root"
  [ "$outcome" -eq 0 ] || fail "the root of $suite could not be made"
  mkdir -- "$tmp/$suite"
  cp -- "$tmp/package"/gpu-lane_*.deb "$tmp"/readme-* "$tmp/$suite"
  cp -- "$src/tests/bed/guest/newcomer.sh" "$tmp/$suite/guest.sh"
  [ ! -e "$tmp/pages" ] || cp -- "$tmp/pages" "$tmp/$suite"
  timeout 200 sh "$src/tests/bed/boot-systemd.sh" "$root" "$tmp/$suite" >"$tmp/$suite.log" 2>&1 &
  eval "pid_$suite=$!"
  started="$started $!"
done
failed=
for suite in $suites; do
  eval "wait \"\$pid_$suite\"" || failed="$failed $suite"
  echo "== $suite"
  cat -- "$tmp/$suite.log"
done
[ -z "$failed" ] || fail "the path was not walked to its end on:$failed"
