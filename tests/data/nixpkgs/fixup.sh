# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# nixpkgs' patchelf and wrapProgram, as far as the flake's package uses them.
patchelf() {
  [ "$1" = --add-rpath ] && [ "${2##*-}" = loader/lib ] && [ -x "$3" ]
}

wrapProgram() {
  [ "$2 $3" = '--set-default VK_DRIVER_FILES' ] || return
  mv -- "$1" "${1%/*}/.${1##*/}-wrapped"
  cat >"$1" <<WRAPPER
#!/bin/sh
export VK_DRIVER_FILES="\${VK_DRIVER_FILES-$4}"
exec "${1%/*}/.${1##*/}-wrapped" "\$@"
WRAPPER
  chmod +x "$1"
}
