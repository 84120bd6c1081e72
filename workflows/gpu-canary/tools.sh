#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tools.sh plan | provide
#
# plan decides how gpu-probe, gpu-canary and gpu-report get here, and provide brings them:
#
#   package   LANE_PACKAGE is a .deb, a tarball or an installed prefix
#   nix       nix is on PATH and this repository has a flake.nix, which brings its own Mesa
#   build     `./run install`, kept between jobs under a key that changes with sources and system
#
# LANE_PACKAGE_SHA256 is what the package's file must hash to. Outputs of plan: way, key, prefix; of
# provide: bin.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
: "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}"
kept=${RUNNER_TEMP%/}/gpu-lane-build

fail() {
  printf '::error title=No gpu-lane to run::%s\n' "$(printf '%s' "$1" | sed 's/%/%25/g')"
  exit 2
}

output() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# A fingerprint of all that a build depends on: the sources and the system's libraries.
fingerprint() {
  {
    uname -m
    cat /etc/os-release
    (cd -- "$source" && find . '(' -name .git -o -path ./build ')' -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -d ' ' -f 1
}

plan() {
  if [ -n "${LANE_PACKAGE-}" ]; then
    output way package
  elif command -v nix >/dev/null && [ -e "$source/flake.nix" ]; then
    output way nix
  else
    output way build
    output key "gpu-lane-$(fingerprint)"
    output prefix "$kept"
  fi
}

unpack() {
  package=$LANE_PACKAGE
  if [ -d "$package" ]; then
    [ -z "${LANE_PACKAGE_SHA256-}" ] || fail "$package is a folder, which has no SHA-256"
    prefix=$package
    return
  fi
  [ -f "$package" ] || fail "package $package is not there"
  if [ -n "${LANE_PACKAGE_SHA256-}" ]; then
    printf '%s  %s\n' "$LANE_PACKAGE_SHA256" "$package" | sha256sum --check --status ||
      fail "package $package does not hash to $LANE_PACKAGE_SHA256"
  fi
  prefix=$(mktemp -d "${RUNNER_TEMP%/}/gpu-lane-package.XXXXXX")
  case $package in
    *.deb) dpkg-deb --extract "$package" "$prefix" ;;
    *.tar | *.tar.*) tar --extract --no-same-owner --file "$package" --directory "$prefix" ;;
    *) fail "package $package is neither a .deb nor a tarball nor a folder" ;;
  esac
}

# A kept build is good where its libraries are, and some Vulkan driver for it to find.
build_runs() {
  "$kept/bin/gpu-canary" --version >/dev/null 2>&1 &&
    ldconfig -p | grep -q 'libvulkan\.so\.1' &&
    set -- /usr/share/vulkan/icd.d/*.json && [ -e "$1" ]
}

provide() {
  case ${LANE_WAY-} in
    package) unpack ;;
    nix)
      prefix=$(nix --extra-experimental-features 'nix-command flakes' build --no-link \
        --print-out-paths "path:$source")
      ;;
    build)
      prefix=$kept
      build_runs || "$source/run" install --prefix "$prefix"
      ;;
    *) fail "no way named \"${LANE_WAY-}\"" ;;
  esac
  canary=$(find "$prefix/" -maxdepth 4 -path '*/bin/gpu-canary' | head -n 1)
  [ -n "$canary" ] || fail "no bin/gpu-canary below $prefix"
  bin=$(CDPATH='' cd -- "$(dirname -- "$canary")" && pwd)
  for program in gpu-probe gpu-canary gpu-report; do
    "$bin/$program" --version || fail "$bin/$program does not start"
  done
  output bin "$bin"
}

case ${1-} in
  plan | provide) "$1" ;;
  *) fail "tools.sh wants plan or provide, not \"${1-}\"" ;;
esac
