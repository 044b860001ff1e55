#!/bin/bash
# images.sh [debug|release]: packs the two programs of the workspace's build into OCI archives and prints their paths.
# An image holds the program, the system libraries it is linked with, and the certificates of public authorities; nothing else, not even a
# shell. It runs as an unprivileged user. Equal programs make equal images.
set -euo pipefail
cd "$(dirname "$0")"
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hanko-operator
BUILT=${CARGO_TARGET_DIR:-$CACHE/target}/${1:-debug}
OUT=$CACHE/images/${1:-debug}
TOOL=$(cluster/programs.sh)/tools/tool
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

# image PROGRAM [env:NAME=VALUE...]
image() {
  local program=$1; shift
  # Without its line tables a development build is a fraction of the size, and imports in a second.
  strip --strip-debug -o "$OUT/$program" "$BUILT/$program"
  local libraries
  libraries=$(ldd "$OUT/$program" | awk '$2 == "=>" { print $3 "=" $1 } $1 ~ /ld-linux/ { print $1 "=" $1 }')
  # The loader looks in /lib64 for itself and in /lib for the rest.
  libraries=$(sed -E 's#=(lib[^/]*)$#=/lib/\1#' <<<"$libraries")
  "$TOOL" image "$OUT/$program.tar" "e2e.local/$program:dev" 65532:65532 "/$program" "$@" \
    "$OUT/$program=/$program" $CERTIFICATES=$CERTIFICATES $libraries
  rm "$OUT/$program"
  echo "$OUT/$program.tar"
}

mkdir -p "$OUT"
# These keep glibc from holding on to freed memory: one arena per two cores, big blocks given back to the system.
image hanko-runtime env:MALLOC_ARENA_MAX=2 env:MALLOC_MMAP_THRESHOLD_=131072 env:MALLOC_TRIM_THRESHOLD_=131072
image hanko-operator
