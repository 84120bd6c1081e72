# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Certificates for tests of TLS, made by the openssl command, which shares nothing with our code but
# the library: sourced after lib.sh.

# authority NAME: $tmp/NAME.pem and its key.
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj "/CN=$1" -keyout "$tmp/$1.key" -out "$tmp/$1.pem" 2>"$tmp/openssl.log" ||
    fail "openssl: $(cat "$tmp/openssl.log")"
}

# certificate NAME AUTHORITY SUBJECT EXTENSIONS [DAYS]: $tmp/NAME.pem and its key, signed by AUTHORITY.
certificate() {
  printf '%s\n' "$4" >"$tmp/$1.ext"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
    -keyout "$tmp/$1.key" -out "$tmp/$1.csr" 2>"$tmp/openssl.log" ||
    fail "openssl: $(cat "$tmp/openssl.log")"
  openssl x509 -req -in "$tmp/$1.csr" -CA "$tmp/$2.pem" -CAkey "$tmp/$2.key" -CAcreateserial \
    -days "${5-2}" -extfile "$tmp/$1.ext" -out "$tmp/$1.pem" 2>"$tmp/openssl.log" ||
    fail "openssl: $(cat "$tmp/openssl.log")"
}

# revocations NAME AUTHORITY [CERTIFICATE...]: $tmp/NAME.pem, AUTHORITY's list of what it has taken back.
revocations() {
  revocations=$tmp/$1
  signer=$tmp/$2
  shift 2
  printf '[ca]\ndefault_ca = it\n[it]\ndatabase = %s.index\ndefault_md = sha256\ndefault_crl_days = 2\n' \
    "$revocations" >"$revocations.cnf"
  : >"$revocations.index"
  set -- "$@" ''
  while [ -n "$1" ]; do
    openssl ca -config "$revocations.cnf" -keyfile "$signer.key" -cert "$signer.pem" \
      -revoke "$tmp/$1.pem" 2>"$tmp/openssl.log" || fail "openssl: $(cat "$tmp/openssl.log")"
    shift
  done
  openssl ca -config "$revocations.cnf" -keyfile "$signer.key" -cert "$signer.pem" -gencrl \
    -out "$revocations.pem" 2>"$tmp/openssl.log" || fail "openssl: $(cat "$tmp/openssl.log")"
}
