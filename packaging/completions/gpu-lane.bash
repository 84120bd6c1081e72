# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for gpu-lane's programs. Verbs, options and choices are read from the program's own
# --help, and names of floors, workloads, faults and leases from the programs that know them, so that
# nothing here can be of another version than the program.

# The lines of --help's options as "LETTER NAME VALUE TEXT", "." where there is none.
_gpu_lane_options() {
  "$1" --help 2>/dev/null | sed -nE '
    1,/^options:/d
    /^$/q
    s/^  -(.), --([a-z0-9-]+) ([^ ]+)( .*|$)/\1 \2 \3 \4/p; t
    s/^      --([a-z0-9-]+) ([^ ]+)( .*|$)/. \1 \2 \3/p; t
    s/^  -(.), --([a-z0-9-]+)( .*|$)/\1 \2 . \3/p; t
    s/^      --([a-z0-9-]+)( .*|$)/. \1 . \2/p'
}

# The verbs of the usage lines; after one, the word that must follow it.
_gpu_lane_verbs() {
  "$1" --help 2>/dev/null | sed -nE "/^$/q; s/^(usage:|      ) ${1##*/} //p" |
    sed -E 's/ \| /|/g; s/[][]//g' | while read -r first second _; do
    if [ -z "$2" ]; then
      tr '|' '\n' <<<"$first"
    elif [ "$first" = "$2" ]; then
      echo "$second"
    fi
  done | grep -xE '[a-z]+'
}

# The words of "what it is: this, that or another (default)", if it is such a list.
_gpu_lane_choices() {
  local list=${1##*: }
  list=${list%% (*}
  list=${list// or /, }
  list=${list//|/, }
  list=${list//, /,}
  [[ $list == *,* && $list != *[!a-z0-9,-]* ]] && echo "${list//,/ }"
}

# A sibling of the program that is completed, or one on PATH.
_gpu_lane_ask() {
  local beside=${1%"${1##*/}"}$2
  shift 2
  timeout 2 "$beside" "$@" 2>/dev/null
}

# _gpu_lane_value PROGRAM OPTION VALUE TEXT CURRENT: fills COMPREPLY for the value of an option.
_gpu_lane_value() {
  local words current=$5 before=
  case $2 in
    floor) words=$(_gpu_lane_ask "$1" gpu-probe --list-floors | cut -d ' ' -f 1) ;;
    workload) words=$(_gpu_lane_ask "$1" gpu-canary list | cut -d ' ' -f 1) ;;
    explain) words=$(_gpu_lane_ask "$1" gpu-report faults | sed -n 's/^## //p') ;;
    device) words='pci: drm: uuid: name:' ;;
    bridge | listen) words='unix: tcp: tls:' ;;
    *)
      words=$(_gpu_lane_choices "$4") || words=
      [[ $3 == *[!a-z\|]* ]] || words=${3//|/ }
      ;;
  esac
  if [[ $3 == *,* && $current == *,* ]]; then
    before=${current%,*},
    current=${current##*,}
  fi
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "$current")
  case $3 in
    *FILE* | DIR)
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      ;;
  esac
}

# _gpu_lane_operand PROGRAM VERB BEFORE CURRENT: what follows a verb, and the word before it.
_gpu_lane_operand() {
  local kind=-f words=''
  [ "$2" != "$3" ] || words=$(_gpu_lane_verbs "$1" "$2")
  case ${1##*/}:$2 in
    gpu-lease:re[nlv]*) words=$(_gpu_lane_ask "$1" gpu-lease list | sed -n '2,$s/ .*//p') kind= ;;
    gpu-lease:run) kind=-c ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$4")
  if [ -n "$kind" ] && [ -z "$words" ]; then
    mapfile -t COMPREPLY < <(compgen "$kind" -- "$4")
    compopt -o filenames 2>/dev/null
  fi
}

_gpu_lane() {
  local program=$1 current=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1))
  local letter name value text verb='' word names=''
  COMPREPLY=()
  # bash makes words of their own of "=" and ":".
  if [ "$current" = = ] || [ "$current" = : ]; then
    current=
    at=$COMP_CWORD
  fi
  case ${COMP_WORDS[at]} in
    =) at=$((at - 1)) ;;
    :)
      # unix:PATH and drm:PATH; nothing else behind a colon is known.
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return
      ;;
  esac
  while read -r letter name value text; do
    if [ "${COMP_WORDS[at]}" = "--$name" ] || [ "${COMP_WORDS[at]}" = "-$letter" ]; then
      if [ "$value" != . ]; then
        _gpu_lane_value "$program" "$name" "$value" "$text" "$current"
        return
      fi
    fi
    names+=" --$name"
  done < <(_gpu_lane_options "$program")
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ " $(_gpu_lane_verbs "$program" '' | tr '\n' ' ') " == *" $word "* ]]; then
      verb=$word
      break
    fi
  done
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
  elif [ -z "$verb" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_gpu_lane_verbs "$program" '')" -- "$current")
  else
    _gpu_lane_operand "$program" "$verb" "${COMP_WORDS[at]}" "$current"
  fi
}

complete -F _gpu_lane gpu-probe gpu-canary gpu-bridge-host gpu-lease gpu-report
