#!/bin/bash
# Runs the load program against a release build, on SQLite and on a PostgreSQL 15 with its defaults. Writes docs/benchmarks.md.
#   e2e/bench/run.sh [--seconds N]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${CARGO_TARGET_DIR:?set it, or call \`make bench\`}/release
dir=$(mktemp -d /tmp/hanko-bench.XXXXXX)
postgres=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
cleanup() {
  as_postgres "$postgres/pg_ctl" stop --silent --mode=fast --pgdata="$dir/data" || true
  rm -rf "$dir"
}
trap cleanup EXIT

port=$((20000 + RANDOM % 10000))
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
as_postgres "$postgres/initdb" --pgdata="$dir/data" --username=hanko --auth=trust --encoding=UTF8 --locale=C >/dev/null
as_postgres "$postgres/pg_ctl" start --wait --silent --pgdata="$dir/data" --log="$dir/log" --options="-p $port -k $dir -c listen_addresses=127.0.0.1"
as_postgres "$postgres/createdb" -h "$dir" -p "$port" -U hanko hanko
"$bin/hanko-bench" --runtime "$bin/hanko-runtime" --postgres "postgres://hanko@127.0.0.1:$port/hanko" --output "${OUTPUT:-docs/benchmarks.md}" "$@"
