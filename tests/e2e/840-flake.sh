#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The flake as far as it goes without a network: Nix checks, builds and runs it with tests/data/nixpkgs
# in the place of nixpkgs, which installs what this tree has built. The wrapping, the apps and the
# check are the flake's own; that nixpkgs itself builds the programs is not shown here.
. "$(dirname -- "$0")/../lib.sh"
need nix cmake
lavapipe

mkdir -- "$tmp/source" "$tmp/home"
cp -R -- "$src/flake.nix" "$src/packaging" "$tmp/source"
cp -R -- "$src/tests/data/nixpkgs" "$tmp/nixpkgs"
cmake --install "$build" --prefix "$tmp/installed" >"$tmp/log" || fail 'cannot install this tree'
sed -i "s|@installed@|$tmp/installed|; s|@driver@|$VK_DRIVER_FILES|" "$tmp/nixpkgs/flake.nix"

# A store and a configuration of the test's own.
export NIX_STORE_DIR="$tmp/store" NIX_STATE_DIR="$tmp/state" NIX_LOG_DIR="$tmp/log.d" HOME="$tmp/home"
export NIX_CONF_DIR="$tmp/home" NIX_CONFIG='build-users-group =
sandbox = false
substitute = false
experimental-features = nix-command flakes'
unset VK_DRIVER_FILES VK_ICD_FILENAMES XDG_CACHE_HOME XDG_CONFIG_HOME
nix_flake() {
  verb=$1
  shift
  # Words after the flake are the program's.
  set -- --no-write-lock-file --override-input nixpkgs "path:$tmp/nixpkgs" "$@"
  # shellcheck disable=SC2086 # two words, as in "flake check"
  run nix $verb "$@"
  [ "$status" -eq 0 ] || fail "nix $verb: exit status $status"
}

for file in flake.nix packaging/nix/package.nix packaging/nix/shell.nix; do
  expect_status 0 nix-instantiate --parse "$tmp/source/$file"
done
# Every output is what its name says, on both systems; the check computes on the wrapped-in driver.
nix_flake 'flake check' "path:$tmp/source"
nix_flake 'flake show' --json "path:$tmp/source"
expect_json "$tmp/stdout" "all(set(doc['apps'][system]) == set('''$(cd -- "$bin" && echo gpu-*)
  default'''.split()) for system in ('x86_64-linux', 'aarch64-linux'))"
version=$("$bin/gpu-probe" --version)
nix_flake eval --json "path:$tmp/source#packages.x86_64-linux.default.version"
expect_json "$tmp/stdout" "doc == '${version#* }'"

nix_flake build --no-link --json "path:$tmp/source"
out=$(sed -n 's/.*"out":"\([^"]*\)".*/\1/p' "$tmp/stdout")
expect_status 0 "$out/bin/gpu-probe" --only vulkan --facts-only --format json
expect_json "$tmp/stdout" "[icd['path'].startswith('$tmp/store/') for icd in doc['vulkan']['icds']
  if icd['used']] == [True]"
nix_flake run "path:$tmp/source" -- list
expect_stdout vadd
nix_flake run "path:$tmp/source#gpu-probe" -- --list-floors
expect_stdout honey
# Nix makes its store unwritable.
chmod -R u+w "$tmp/store"
