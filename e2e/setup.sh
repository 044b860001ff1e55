#!/bin/bash
# Installs what building and testing need: Debian packages (as root, once) and the published npm packages of the tests. Go, Rust and Node.js are
# expected to be there. Safe to repeat; does nothing when everything is in place.
set -euo pipefail
cd "$(dirname "$0")"
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hanko-operator
PACKAGES=(build-essential ca-certificates curl openssl procps iproute2 util-linux
  containerd runc containernetworking-plugins iptables nftables conntrack ipset     # the node
  postgresql mariadb-server redis-server                                            # the databases
  chromium fonts-dejavu-core                                                        # the browser
  prometheus                                                                        # reads the metrics, checks the rules
  python3)                                                                          # an example

# needs PROGRAM VERSION FOUND: complains unless FOUND is VERSION or newer.
needs() {
  if [ "$(printf '%s\n' "$2" "${3:-0}" | sort -V | head -1)" != "$2" ]; then
    echo "$1 $2 or newer is needed, found: ${3:-none}" >&2
    exit 1
  fi
}
needs Go 1.26 "$(go env GOVERSION 2>/dev/null | sed 's/^go//')"
needs Rust 1.95 "$(rustc --version 2>/dev/null | cut -d' ' -f2)"
needs Node.js 20 "$(node --version 2>/dev/null | sed 's/^v//')"

missing=()
for package in "${PACKAGES[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "${missing[@]}"
fi

if ! cmp -s package-lock.json node_modules/.installed; then
  npm ci --cache "$CACHE/npm"
  cp package-lock.json node_modules/.installed
fi
