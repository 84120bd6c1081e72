# SPDX-License-Identifier: Apache-2.0
# A room includes only the rooms that it may know:
#   base <- {compute, report, lease} <- {probe, bridge} <- canary
# and of these probe does not know lease, nor bridge report.
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src"
while read -r room known; do
  [ -d "$room" ] || fail "there is no room $room"
  unknown=
  for other in base compute report lease probe bridge canary tests; do
    case " $room $known " in
      *" $other "*) ;;
      *) unknown="$unknown|$other" ;;
    esac
  done
  if grep -rnE --include='*.[ch]' "#[[:space:]]*include[[:space:]]*[\"<](${unknown#|})/" "$room"; then
    fail "$room may include ${known:-no other room}"
  fi
done <<'ROOMS'
base
compute base
report base
lease base
probe base compute report
bridge base compute lease
canary base compute report lease probe bridge
ROOMS
