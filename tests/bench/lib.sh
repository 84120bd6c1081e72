# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # what is not used here is for those who source this
# For the sections of bench.sh, which get BUILD-TREE ROUNDS FOLDER.
build=$1
rounds=$2
tmp=$3
tests=$build/tests
here=$(cd -- "$(dirname -- "$0")" && pwd)
servers=

# head_row TITLE: begins a table of rows.
head_row() {
  printf '\n%s\n%-44s %12s %12s %8s   %s\n' "$1" '' ours beside ratio goal
}

# row TEXT OURS BESIDE [at-most|at-least GOAL]: a line of the table, and whether the goal is met.
row() {
  awk -v text="$1" -v ours="$2" -v beside="$3" -v sense="${4-}" -v goal="${5-}" 'BEGIN {
    ratio = ours / beside
    met = sense == "at-most" ? ratio <= goal : ratio >= goal
    printf "%-44s %12.2f %12.2f %8.2f   ", text, ours, beside, ratio
    if (sense) { sub("-", " ", sense); printf "%s %s%s", sense, goal, met ? "" : ": missed" }
    printf "\n"
  }'
}

# value NAME FIELD FILE: a field of the line that begins with NAME.
value() {
  awk -v name="$1" -v field="$2" '$1 == name { print $field }' "$3"
}

# absent NAME REASON: a peer that is not here.
absent() {
  printf '%-44s not here: %s\n' "$1" "$2"
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# serve SOCKET COMMAND...: a server, gone with the section. Waits for its socket.
serve() {
  socket=$1
  shift
  "$@" >"$socket.log" 2>&1 &
  servers="$servers $!"
  tries=0
  until [ -S "$socket" ]; do
    tries=$((tries + 1))
    if [ "$tries" -eq 200 ] || ! kill -0 "$!" 2>/dev/null; then
      cat "$socket.log" >&2
      exit 1
    fi
    sleep 0.05
  done
}

stop_servers() {
  for server in $servers; do
    if kill "$server" 2>/dev/null; then
      # It ends by our signal, which is no failure.
      ! wait "$server" 2>/dev/null
    fi
  done
  servers=
}
trap stop_servers EXIT
