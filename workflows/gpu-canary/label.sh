#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: label.sh [--shared] LABEL...
#
# Holds runner labels to the platform's taxonomy. Silent with status 0 when all of them belong to
# it; status 3 when one names a GitHub-hosted runner and 4 when one is outside, each with its reason.
# --shared leaves out the pools of other owners: only what the shared stack may declare.
#
# The grammar is that of the platform's lint-runs-on action, and stricter in one point: a label that
# begins with tinyland- is never taken for another owner's pool. The statuses are those of its guards.
set -eu

shared=
if [ "${1-}" = --shared ]; then
  shared=yes
  shift
fi
[ $# -gt 0 ] || {
  echo 'label.sh: no label given' >&2
  exit 4
}

capability='aarch64|arm64|browser|dawn|darwin|gpu|heavy|kvm|linux|macos|operator|privileged|riscv|vm|webgpu|x86_64'
ours="tinyland-(docker|dind|nix)(-($capability))*"
pool='[a-z0-9][a-z0-9-]*-(nix|nix-heavy|nix-kvm|nix-gpu|docker|dind)'

# is LABEL EXPRESSION: all of the label, which a newline in it must not get around.
is() {
  case $1 in *'
'*) return 1 ;; esac
  printf '%s\n' "$1" | grep -qxE -e "$2"
}

status=0
refuse() {
  printf 'runner label "%s": %s\n' "$2" "$3" >&2
  if [ "$status" -ne 3 ]; then
    status=$1
  fi
}

for label in "$@"; do
  case $label in
    [Uu][Bb][Uu][Nn][Tt][Uu]-* | [Mm][Aa][Cc][Oo][Ss]-* | [Ww][Ii][Nn][Dd][Oo][Ww][Ss]-*)
      refuse 3 "$label" 'a GitHub-hosted runner, which no workflow may name (TIN-3914)'
      ;;
    dollhouse-farm-nix | chapel-nix | jesssullivan-nix-heavy | massageithaca-dind)
      refuse 4 "$label" 'a retired label of one repository; name a capability instead'
      ;;
    *)
      if is "$label" "$ours"; then
        continue
      fi
      if [ -z "$shared" ] && is "$label" "$pool"; then
        case $label in tinyland-*) ;; *) continue ;; esac
      fi
      refuse 4 "$label" 'outside the taxonomy: it names a capability, as tinyland-nix-gpu does'
      ;;
  esac
done
exit "$status"
