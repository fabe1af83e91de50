#!/usr/bin/env bash
# Makes what compose.secure.yml needs and no repository may have: an authority, the broker's certificate, and a
# password for each user. What exists is kept, so it can be run again for one more service.
#
# usage: make-secrets.sh FOLDER SERVICE...     needs OpenSSL 3
#
#   authority.pem   the authority's certificate, which every client is given
#   authority.key   its key, which no container is given
#   kafka.pem       the broker's key and certificate, for kafka and localhost
#   USER.env        KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, of operator, schema-registry and every service
set -euo pipefail

if (($# < 2)); then
  echo "usage: ${0##*/} FOLDER SERVICE..." >&2
  exit 2
fi
folder=$1
shift
# The folder is its owner's only. The files in it can be read, since a container's user has another number.
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"
umask 022

certificate() { # name, extensions, further options: a key and its certificate
  local name=$1 extensions=$2
  shift 2
  printf '[req]\ndistinguished_name=name\n[name]\n[extensions]\n%s\n' "$extensions" |
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$name" -config /dev/stdin \
      -extensions extensions -keyout "$name.key" -out "$name.pem" "$@" 2>/dev/null
}

if [[ ! -e authority.pem ]]; then
  certificate authority $'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash' -days 3650
fi
if [[ ! -e kafka.pem ]]; then
  certificate kafka $'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth
authorityKeyIdentifier=keyid\nsubjectAltName=DNS:kafka,DNS:localhost,IP:127.0.0.1' \
    -CA authority.pem -CAkey authority.key -days 365
  cat kafka.key >>kafka.pem
  rm kafka.key
fi
for user in operator schema-registry "$@"; do
  if [[ ! -e $user.env ]]; then
    printf 'KAFKA_SASL_USERNAME=%s\nKAFKA_SASL_PASSWORD=%s\n' "$user" "$(openssl rand -hex 24)" >"$user.env"
  fi
done
