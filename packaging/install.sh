#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: ./install.sh [--prefix DIR]
#        ./install.sh --uninstall [--prefix DIR]
#
# Installs this release of gpu-lane under DIR (default /usr/local) from the folder in which it lies, or
# removes what it has installed there. Every file is checked against SHA256SUMS before the first is
# written; of an older release nothing is left behind. Programs find their floors, schemas and worker
# beside themselves, wherever DIR is. A service that was enabled is disabled by who enabled it, before
# it is removed. Exit status: 0 done, 1 refused, 64 usage.
set -eu

release=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
list=share/gpu-lane/installed
unit=lib/systemd/system/gpu-bridge-host.service

refuse() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

prefix=/usr/local
task=install
while [ $# -gt 0 ]; do
  case $1 in
    --uninstall) task=uninstall ;;
    --prefix=?*) prefix=${1#--prefix=} ;;
    --prefix)
      prefix=${2-}
      [ -z "$prefix" ] || shift
      ;;
    -h | --help)
      sed -n '/^# usage/,/^[^#]/{s/^# \{0,1\}//p;}' "$0"
      exit 0
      ;;
    *) prefix= ;;
  esac
  if [ -z "$prefix" ]; then
    echo 'install.sh: takes --prefix DIR and --uninstall, and nothing else' >&2
    exit 64
  fi
  shift
done
case $(readlink -m -- "$prefix") in
  *[!A-Za-z0-9/._+\ -]*) refuse "$prefix has characters that a unit file cannot have" ;;
  / | /usr) refuse "$prefix belongs to the system's package manager: install the package instead" ;;
esac

# remove_listed LIST: takes the files away that it names, and then folders that are empty.
remove_listed() {
  while read -r file; do
    rm -f -- "$prefix/$file"
    echo "${file%/*}"
  done <"$1" | sort -ru | while read -r folder; do
    [ ! -d "$prefix/$folder" ] ||
      (cd -- "$prefix" && rmdir -p --ignore-fail-on-non-empty -- "$folder")
  done
}

if [ "$task" = uninstall ]; then
  [ -f "$prefix/$list" ] || refuse "$prefix/$list is not there: nothing was installed from a release"
  scratch=$(mktemp)
  trap 'rm -f -- "$scratch"' EXIT
  cp -- "$prefix/$list" "$scratch"
  remove_listed "$scratch"
  echo "removed from $prefix"
  exit 0
fi

cd -- "$release"
sha256sum --check --quiet --strict SHA256SUMS >&2 || refuse 'these are not the files of the release'
lacking=$(ldd bin/* libexec/gpu-lane/* | awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
[ -z "$lacking" ] || refuse "this machine lacks the libraries ${lacking% }"
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
sed -n 's/^[0-9a-f]*  //p' SHA256SUMS | grep / >"$scratch/new"
echo "$list" >>"$scratch/new"
mkdir -p -- "$prefix/${list%/*}" || exit 1
prefix=$(readlink -e -- "$prefix")
touch -- "$prefix/$list"
grep -vxF -f "$scratch/new" -- "$prefix/$list" >"$scratch/old" || [ $? -eq 1 ]
# Whatever happens from here on, what lies there is listed.
cat -- "$scratch/new" "$scratch/old" >"$prefix/$list"

# Each file is whole or not there: programs that run keep the file that they were started from.
while read -r file; do
  [ "$file" != "$list" ] || continue
  mkdir -p -- "$prefix/${file%/*}"
  cp -p -- "$file" "$prefix/$file.new"
  [ "$file" != "$unit" ] || sed -i "s|/usr/local/|$prefix/|" "$prefix/$file.new"
  chown "$(id -u):$(id -g)" "$prefix/$file.new"
  mv -- "$prefix/$file.new" "$prefix/$file"
done <"$scratch/new"
remove_listed "$scratch/old"
cp -- "$scratch/new" "$prefix/$list"
"$prefix/bin/gpu-probe" --version
cat <<NEXT
installed under $prefix; try: $prefix/bin/gpu-probe
The bridge as a service, as root, where systemd looks into $prefix (it does into /usr/local):
  systemd-sysusers && systemd-tmpfiles --create
  systemctl daemon-reload && systemctl enable --now gpu-bridge-host.socket
NEXT
