# SPDX-License-Identifier: Apache-2.0
# The product calls nothing that has a safer twin, leaves only from its main files, and holds no
# word that means "not finished".
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src"
rooms='base compute report lease probe bridge canary'
# search GLOB EXPRESSION WHAT [ALLOWED]
search() {
  # shellcheck disable=SC2086 # the list of rooms is meant to split
  if grep -rnE --include="$1" "$2" $rooms >"$tmp/found" &&
    grep -vE -e "${4:-^$}" -- "$tmp/found"; then
    fail "$3"
  fi
}
search '*.[ch]' '\b(strcpy|strcat|sprintf|gets|system|popen|atoi|strtok|alloca)\(' \
  'a call that has a safer twin'
search '*.c' '(^|[^_a-z])exit\(' 'exit() outside a main file' '^[a-z]+/(gpu_[a-z_]+|[a-z_]*main)\.c:'
search '*' '\b(TODO|FIXME|XXX|HACK|stub|placeholder|not implemented|for now)\b' 'an unfinished place'
