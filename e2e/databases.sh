#!/bin/bash
# Throw-away PostgreSQL and MariaDB servers on loopback for the tests of the Rust crates. Nothing on them survives `down`.
#   eval "$(e2e/databases.sh up)"   start them (or find them running) and set HANKO_TEST_POSTGRES_URL and HANKO_TEST_MYSQL_URL
#   e2e/databases.sh down           stop them and remove their files; safe to repeat
#
# The users of both URLs may create databases: a test makes one of its own and drops it.
set -euo pipefail
DIR=${HANKO_DATABASES:-${TMPDIR:-/tmp}/hanko-databases}     # short on purpose: a socket's path is limited to 107 characters
POSTGRES_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)

# initdb refuses root, so as root each server runs as the user its package made.
as() {
  local user=$1; shift
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u "$user" -- "$@"); else "$@"; fi
}

free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

private_dir() {
  mkdir -p "$1"
  if [ "$(id -u)" = 0 ]; then chown "$2" "$1"; fi
  chmod 700 "$1"
}

start_postgres() {
  local dir=$DIR/postgres port options
  port=$(free_port)
  options="-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
  private_dir "$dir" postgres
  as postgres "$POSTGRES_BIN/initdb" --pgdata="$dir/data" --username=hanko --auth=trust --encoding=UTF8 --locale=C --no-sync >"$DIR/initdb.log" 2>&1
  as postgres "$POSTGRES_BIN/pg_ctl" start --wait --silent --pgdata="$dir/data" --log="$dir/log" --options="$options" >&2
  as postgres "$POSTGRES_BIN/createdb" -h "$dir" -p "$port" -U hanko hanko
  echo "export HANKO_TEST_POSTGRES_URL=postgres://hanko@127.0.0.1:$port/hanko"
}

start_mariadb() {
  local dir=$DIR/mariadb user port
  user=$([ "$(id -u)" = 0 ] && echo mysql || id -un) port=$(free_port)
  private_dir "$dir" "$user"
  mariadb-install-db --no-defaults --user="$user" --auth-root-authentication-method=normal --skip-test-db --datadir="$dir/data" >"$DIR/mariadb-install.log" 2>&1
  setsid mariadbd --no-defaults --user="$user" --datadir="$dir/data" --socket="$dir/s" --pid-file="$dir/pid" --bind-address=127.0.0.1 --port="$port" \
    --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --max-connections=200 </dev/null >"$DIR/mariadb.log" 2>&1 &
  local server=$!
  until mariadb-admin --no-defaults --socket="$dir/s" -uroot ping >/dev/null 2>&1; do
    kill -0 $server 2>/dev/null || { cat "$DIR/mariadb.log" >&2; return 1; }
    sleep 0.05
  done
  mariadb --no-defaults --socket="$dir/s" -uroot -e "CREATE DATABASE hanko; CREATE USER hanko@'127.0.0.1' IDENTIFIED BY 'hanko'; GRANT ALL ON *.* TO hanko@'127.0.0.1'"
  echo "export HANKO_TEST_MYSQL_URL=mysql://hanko:hanko@127.0.0.1:$port/hanko"
}

running() {
  [ -s "$DIR/env" ] && [ -s "$DIR/mariadb/pid" ] && kill -0 "$(cat "$DIR/mariadb/pid")" 2>/dev/null &&
    [ -s "$DIR/postgres/data/postmaster.pid" ] && kill -0 "$(head -1 "$DIR/postgres/data/postmaster.pid")" 2>/dev/null
}

up() {
  if ! running; then
    down
    mkdir -p "$DIR"
    chmod 755 "$DIR"
    { start_postgres; start_mariadb; } >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
  fi
  cat "$DIR/env"
}

down() {
  if [ -s "$DIR/mariadb/pid" ]; then
    local pid; pid=$(cat "$DIR/mariadb/pid")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  fi
  if [ -s "$DIR/postgres/data/postmaster.pid" ]; then
    as postgres "$POSTGRES_BIN/pg_ctl" stop --mode=immediate --silent --pgdata="$DIR/postgres/data" >&2 || true
  fi
  rm -rf --one-file-system "$DIR"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  *) sed -n 2,4p "$0"; exit 2 ;;
esac
