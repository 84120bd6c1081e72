#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The release: a package in which lintian finds no error, and twice the same tarball from the same
# tree. Its installer checks what it installs, puts it where it is told, takes an older release's
# files away, and leaves nothing behind when it removes.
. "$(dirname -- "$0")/../lib.sh"
need cpack dpkg-shlibdeps lintian
lavapipe

expect_status 0 sh "$src/packaging/dist.sh" "$build" "$tmp/dist"
tarball=$(sed -n '/\.tar\.gz$/p' "$tmp/stdout")
expect_stdout gpu-lane_
(cd -- "$tmp/dist" && sha256sum --check --quiet SHA256SUMS) || fail 'SHA256SUMS is not true'
[ "$(find "$tmp/dist" -mindepth 1 | wc -l)" -eq 3 ] || fail 'more than package, tarball and sums'
expect_status 0 dpkg-parsechangelog -l "$src/packaging/debian/changelog" -S Version
expect_stdout "$("$bin/gpu-probe" --version | cut -d ' ' -f 2)"
expect_status 0 lintian --no-cfg --allow-root --fail-on error "$tmp/dist"/*.deb
expect_status 0 sh "$src/packaging/dist.sh" "$build" "$tmp/again"
cmp "$tmp/dist/$tarball" "$tmp/again/$tarball" || fail 'another tarball comes of the same tree'

# The workflow's action takes either, by the checksum that is published.
mkdir -- "$tmp/runner"
for package in "$tmp/dist"/gpu-lane*; do
  sum=$(sed -n "s/  ${package##*/}\$//p" "$tmp/dist/SHA256SUMS")
  expect_status 0 env RUNNER_TEMP="$tmp/runner" GITHUB_OUTPUT="$tmp/output" LANE_WAY=package \
    LANE_PACKAGE="$package" LANE_PACKAGE_SHA256="$sum" \
    sh "$src/workflows/gpu-canary/tools.sh" provide
  expect_status 0 "$(sed -n 's/^bin=//p' "$tmp/output" | tail -n 1)/gpu-probe" --list-floors
  expect_stdout honey
done

tar -xzf "$tmp/dist/$tarball" -C "$tmp"
release=$tmp/${tarball%.tar.gz}
prefix="$tmp/a prefix"
expect_status 0 sh "$release/install.sh" --prefix "$prefix"
expect_stdout 'gpu-probe '
grep -qF "ExecStart=\"$prefix/bin/gpu-bridge-host\" " \
  "$prefix/lib/systemd/system/gpu-bridge-host.service" || fail 'the unit names another program'
(cd -- "$prefix" && find . -type f -printf '%P\n' | sort) >"$tmp/installed"
sort -- "$prefix/share/gpu-lane/installed" | diff -u - "$tmp/installed" >&2 ||
  fail 'what is installed is not what is listed'

# It stands on its own, moved and with the release gone.
rm -r -- "$release/libexec" "$release/share"
mv -- "$prefix" "$tmp/moved"
expect_status 0 env -i VK_DRIVER_FILES="$VK_DRIVER_FILES" VK_ICD_FILENAMES="$VK_ICD_FILENAMES" \
  "$tmp/moved/bin/gpu-canary" --floor software --allow-software --workload vadd
expect_stdout verified
mv -- "$tmp/moved" "$prefix"

# As the README tells it, but for the place.
# shellcheck disable=SC2016 # expanded by the shell that reads it
awk '$0 == "```" { shown = 0 } shown; $0 == "```sh tarball" { shown = 1 }' "$src/README.md" |
  sed 's|/opt/gpu-lane|"$prefix"|' >"$tmp/readme.sh"
(cd -- "$tmp/dist" && prefix=$tmp/readme sh -eu "$tmp/readme.sh" >"$tmp/said") ||
  fail 'what the README says of the tarball does not work'
grep -q honey "$tmp/said" || fail "the README's tarball shows no floors"
rmdir -- "$tmp/readme" || fail 'what the README installs is not removed by what it says'
rm -r -- "${tmp:?}/dist/${release##*/}"

# Incomplete or tampered with: refused before anything is written.
expect_status 1 sh "$release/install.sh" --prefix "$tmp/refused"
expect_stderr 'not the files of the release'
rm -r -- "$release"
tar -xzf "$tmp/dist/$tarball" -C "$tmp"
echo >>"$release/share/gpu-lane/floors/honey.json"
expect_status 1 sh "$release/install.sh" --prefix "$tmp/refused"
expect_stderr honey.json
[ ! -e "$tmp/refused" ] || fail 'wrote before it had checked'

# Over an older release, of which one file is no more.
rm -r -- "$release"
tar -xzf "$tmp/dist/$tarball" -C "$tmp"
mkdir -p -- "$prefix/share/gpu-lane/old"
: >"$prefix/share/gpu-lane/old/file"
: >"$prefix/bin/not-ours"
echo share/gpu-lane/old/file >>"$prefix/share/gpu-lane/installed"
expect_status 0 sh "$release/install.sh" --prefix="$prefix"
[ ! -e "$prefix/share/gpu-lane/old" ] || fail 'a file of the older release is left'
expect_status 0 sh "$release/install.sh" --uninstall --prefix "$prefix"
[ "$(cd -- "$prefix" && find . -type f)" = ./bin/not-ours ] || fail 'not just our files were removed'
expect_status 1 sh "$release/install.sh" --uninstall --prefix "$prefix"

for words in --bogus --prefix '--prefix=' 'here'; do
  expect_status 64 sh "$release/install.sh" "$words"
  expect_stderr_lines 1
done
expect_status 1 sh "$release/install.sh" --prefix /usr
expect_status 0 sh "$release/install.sh" --help
expect_stdout '--uninstall'
