# SPDX-License-Identifier: Apache-2.0
# The action's programs come from a package when one is given, from Nix where it is, and from a
# build that is kept. Nix and the build itself are doubles here; the programs are the built ones.
. "$(dirname -- "$0")/../lib.sh"
need tar dpkg-deb sha256sum

mkdir "$tmp/temp" "$tmp/tree" "$tmp/path"
cp -r -- "$src/workflows" "$tmp/tree/"
tools=$tmp/tree/workflows/gpu-canary/tools.sh

# step WORD STATUS VARIABLE=VALUE...: one step of the action; sets nothing, fills $tmp/output.
step() {
  word=$1
  expected=$2
  shift 2
  : >"$tmp/output"
  expect_status "$expected" env RUNNER_TEMP="$tmp/temp" GITHUB_OUTPUT="$tmp/output" \
    PATH="$tmp/path:$PATH" "$@" sh "$tools" "$word"
}
# output NAME: its value.
output() {
  sed -n "s/^$1=//p" "$tmp/output"
}

# A prefix, a tarball with and without a folder on top, a package of Debian.
mkdir -p "$tmp/prefix/gpu-lane/bin" "$tmp/deb/DEBIAN" "$tmp/deb/usr"
for program in gpu-probe gpu-canary gpu-report; do
  printf '#!/bin/sh\nexec "%s/%s" "$@"\n' "$bin" "$program" >"$tmp/prefix/gpu-lane/bin/$program"
done
chmod +x "$tmp"/prefix/gpu-lane/bin/*
tar -czf "$tmp/top.tar.gz" -C "$tmp/prefix" gpu-lane
tar -cJf "$tmp/flat.tar.xz" -C "$tmp/prefix/gpu-lane" bin
cp -r "$tmp/prefix/gpu-lane/bin" "$tmp/deb/usr/"
printf 'Package: gpu-lane\nVersion: 0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: double\n' \
  >"$tmp/deb/DEBIAN/control"
dpkg-deb --build "$tmp/deb" "$tmp/gpu-lane.deb" >/dev/null

for package in "$tmp/prefix/gpu-lane" "$tmp/top.tar.gz" "$tmp/flat.tar.xz" "$tmp/gpu-lane.deb"; do
  step plan 0 LANE_PACKAGE="$package"
  [ "$(cat "$tmp/output")" = 'way=package' ] || fail "planned $(cat "$tmp/output")"
  step provide 0 LANE_WAY=package LANE_PACKAGE="$package"
  expect_status 0 "$(output bin)/gpu-canary" --version
done

# What it hashes to is looked at before a byte of it is used.
sum=$(sha256sum "$tmp/top.tar.gz" | cut -d ' ' -f 1)
step provide 0 LANE_WAY=package LANE_PACKAGE="$tmp/top.tar.gz" LANE_PACKAGE_SHA256="$sum"
step provide 2 LANE_WAY=package LANE_PACKAGE="$tmp/flat.tar.xz" LANE_PACKAGE_SHA256="$sum"
expect_stdout "does not hash to $sum"
[ ! -s "$tmp/output" ] || fail 'a damaged package was used'
step provide 2 LANE_WAY=package LANE_PACKAGE="$tmp/prefix" LANE_PACKAGE_SHA256="$sum"
step provide 2 LANE_WAY=package LANE_PACKAGE="$tmp/none.tar.gz"
step provide 2 LANE_WAY=package LANE_PACKAGE="$tmp/output"
mkdir "$tmp/empty"
step provide 2 LANE_WAY=package LANE_PACKAGE="$tmp/empty"
expect_stdout 'no bin/gpu-canary below'
step provide 2 LANE_WAY=elsewhere

# A build: its key changes with the sources alone, and a kept one that runs is not built again.
cat >"$tmp/tree/run" <<DOUBLE
#!/bin/sh
echo "built \$*" >>"$tmp/builds"
mkdir -p "\$3" && cp -r "$tmp/prefix/gpu-lane/bin" "\$3/"
DOUBLE
chmod +x "$tmp/tree/run"
# Only what the sandbox has may decide: no Nix of this machine, a loader and a driver.
printf '#!/bin/sh\necho "  libvulkan.so.1 (libc6) => /lib/libvulkan.so.1"\n' >"$tmp/path/ldconfig"
chmod +x "$tmp/path/ldconfig"
if command -v nix >/dev/null; then
  echo 'nix is here: the plan below is made for a tree without flake.nix'
fi
rm -f "$tmp/tree/flake.nix"
step plan 0
[ "$(output way)" = build ] || fail "planned $(output way)"
prefix=$(output prefix)
key=$(output key)
echo "$key" | grep -qxE 'gpu-lane-[0-9a-f]{64}' || fail "key $key"
mkdir "$tmp/tree/build"
: >"$tmp/tree/build/object"
step plan 0
[ "$(output key)" = "$key" ] || fail 'the build folder changed the key'
echo '# changed' >>"$tmp/tree/run"
step plan 0
[ "$(output key)" != "$key" ] || fail 'the key does not know the sources'
step provide 0 LANE_WAY=build
[ "$(output bin)" = "$prefix/bin" ] || fail "bin is $(output bin)"
lavapipe
step provide 0 LANE_WAY=build
[ "$(wc -l <"$tmp/builds")" -eq 1 ] || fail 'a kept build was built again'
rm "$prefix/bin/gpu-canary"
step provide 0 LANE_WAY=build
[ "$(wc -l <"$tmp/builds")" -eq 2 ] || fail 'a damaged kept build was not built again'

# Nix, where both it and a flake are: its store path is the prefix.
cat >"$tmp/path/nix" <<DOUBLE
#!/bin/sh
features='--extra-experimental-features nix-command flakes'
[ "\$*" = "\$features build --no-link --print-out-paths path:$tmp/tree" ] || exit 9
echo "$tmp/prefix/gpu-lane"
DOUBLE
chmod +x "$tmp/path/nix"
: >"$tmp/tree/flake.nix"
step plan 0
[ "$(output way)" = nix ] || fail "planned $(output way)"
step provide 0 LANE_WAY=nix
[ "$(output bin)" = "$tmp/prefix/gpu-lane/bin" ] || fail "bin is $(output bin)"
step plan 0 LANE_PACKAGE="$tmp/top.tar.gz"
[ "$(output way)" = package ] || fail 'a given package does not come first'
