#!/bin/bash
# Fuzzes the flows for a while, from the seeds and from what earlier runs have found. The fuzzer is built once and kept in the cache, as is what it
# finds on the way; an input that fails is printed and kept in `artifacts`. Works with the stable compiler.
#   runtime/flow/fuzz/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")"
VERSION=0.13.2
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hanko-operator
FUZZER=$CACHE/cargo-fuzz-$VERSION
if [ ! -x "$FUZZER/bin/cargo-fuzz" ]; then
  BUILD=$(mktemp -d)
  trap 'rm -rf "$BUILD"' EXIT
  CARGO_TARGET_DIR=$BUILD cargo install cargo-fuzz --version "$VERSION" --locked --debug --root "$FUZZER"
fi
# Instrumented code has a folder of its own, and the dependencies the versions of the workspace.
export CARGO_TARGET_DIR=$CACHE/fuzz
cp ../../../Cargo.lock Cargo.lock
found=$CACHE/fuzz-corpus/flow
mkdir -p "$found"
"$FUZZER/bin/cargo-fuzz" run --fuzz-dir . --sanitizer none flow "$found" seeds/flow -- -max_total_time="${1:-60}" -max_len=4096 -timeout=20
