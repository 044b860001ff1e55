#!/bin/bash
# Throw-away PostgreSQL, MariaDB and Redis servers for tests. Nothing on them survives `down`.
#   eval "$(e2e/databases.sh up)"   start them (or find them running) and set HANKO_TEST_POSTGRES_URL, HANKO_TEST_MYSQL_URL
#                                   and HANKO_TEST_REDIS_URL
#   e2e/databases.sh up postgres    only that one (or mariadb, or redis)
#   e2e/databases.sh kill postgres  kill -9 its processes; `up` starts it again with its data
#   e2e/databases.sh down           stop them and remove their files; safe to repeat
# They listen on loopback, or on $DATABASES_LISTEN. A second set needs a $DATABASES folder of its own.
# The users of both databases may create databases: a test makes one of its own and drops it.
set -euo pipefail
DIR=${DATABASES:-${TMPDIR:-/tmp}/hanko-databases}     # short on purpose: a socket's path is limited to 107 characters
LISTEN=${DATABASES_LISTEN:-127.0.0.1}
POSTGRES_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
IS_ROOT=$([ "$(id -u)" = 0 ] && echo yes || true)

# initdb refuses root, so as root each server runs as the user its package made.
as_postgres() { if [ "$IS_ROOT" ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
MARIADB_USER=$([ "$IS_ROOT" ] && echo mysql || id -un)

# port_of SERVER: the one it had before, or a free one.
port_of() {
  local port
  if [ ! -s "$DIR/$1.port" ]; then
    while port=$((20000 + RANDOM % 10000)); (exec 3<>"/dev/tcp/$LISTEN/$port") 2>/dev/null; do :; done
    echo "$port" >"$DIR/$1.port"
  fi
  cat "$DIR/$1.port"
}

private_dir() {
  mkdir -p "$1"
  if [ "$IS_ROOT" ]; then chown "$2" "$1"; fi
  chmod 700 "$1"
}

# pid_of SERVER: its process, if it runs.
pid_of() {
  local file=$DIR/postgres/data/postmaster.pid pid
  [ "$1" = postgres ] || file=$DIR/$1/pid
  pid=$(head -1 "$file" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && echo "$pid"
}

up_postgres() {
  local dir=$DIR/postgres port options
  port=$(port_of postgres)
  options="-p $port -k $dir -c listen_addresses=$LISTEN -c fsync=off -c full_page_writes=off -c max_connections=200"
  if ! pid_of postgres >/dev/null; then
    if [ ! -e "$dir/created" ]; then
      private_dir "$dir" postgres
      as_postgres "$POSTGRES_BIN/initdb" --pgdata="$dir/data" --username=hanko --auth=trust --encoding=UTF8 --locale=C --no-sync >"$DIR/initdb.log" 2>&1
      [ "$LISTEN" = 127.0.0.1 ] || echo "host all all $LISTEN/16 trust" >>"$dir/data/pg_hba.conf"
    fi
    as_postgres "$POSTGRES_BIN/pg_ctl" start --wait --silent --pgdata="$dir/data" --log="$dir/log" --options="$options" >&2
    [ -e "$dir/created" ] || as_postgres "$POSTGRES_BIN/createdb" -h "$dir" -p "$port" -U hanko hanko
    touch "$dir/created"
  fi
  echo "export HANKO_TEST_POSTGRES_URL=postgres://hanko@$LISTEN:$port/hanko"
}

up_mariadb() {
  local dir=$DIR/mariadb port server
  port=$(port_of mariadb)
  if ! pid_of mariadb >/dev/null; then
    if [ ! -e "$dir/created" ]; then
      private_dir "$dir" "$MARIADB_USER"
      mariadb-install-db --no-defaults --user="$MARIADB_USER" --auth-root-authentication-method=normal --skip-test-db --datadir="$dir/data" >"$DIR/mariadb-install.log" 2>&1
    fi
    setsid mariadbd --no-defaults --user="$MARIADB_USER" --datadir="$dir/data" --socket="$dir/s" --pid-file="$dir/pid" --bind-address="$LISTEN" --port="$port" \
      --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --max-connections=200 </dev/null >"$DIR/mariadb.log" 2>&1 &
    server=$!
    until mariadb-admin --no-defaults --socket="$dir/s" -uroot ping >/dev/null 2>&1; do
      kill -0 $server 2>/dev/null || { cat "$DIR/mariadb.log" >&2; return 1; }
      sleep 0.05
    done
    [ -e "$dir/created" ] || mariadb --no-defaults --socket="$dir/s" -uroot \
      -e "CREATE DATABASE hanko; CREATE USER hanko@'%' IDENTIFIED BY 'hanko'; GRANT ALL ON *.* TO hanko@'%'"
    touch "$dir/created"
  fi
  echo "export HANKO_TEST_MYSQL_URL=mysql://hanko:hanko@$LISTEN:$port/hanko"
}

up_redis() {
  local dir=$DIR/redis port server
  port=$(port_of redis)
  if ! pid_of redis >/dev/null; then
    private_dir "$dir" "$(id -un)"
    setsid redis-server --bind "$LISTEN" --port "$port" --requirepass hanko --dir "$dir" --pidfile "$dir/pid" --save '' --appendonly no \
      </dev/null >"$DIR/redis.log" 2>&1 &
    server=$!
    until [ "$(REDISCLI_AUTH=hanko redis-cli -h "$LISTEN" -p "$port" ping 2>/dev/null)" = PONG ]; do
      kill -0 $server 2>/dev/null || { cat "$DIR/redis.log" >&2; return 1; }
      sleep 0.05
    done
  fi
  echo "export HANKO_TEST_REDIS_URL=redis://:hanko@$LISTEN:$port/0"
}

up() {
  mkdir -p "$DIR"
  chmod 755 "$DIR"
  local server
  for server; do "up_$server"; done
}

# The children of PostgreSQL notice their parent's death and end by themselves.
stop() {
  local signal=$1 server=$2 pid
  pid=$(pid_of "$server") || return 0
  kill "-$signal" "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

case ${1:-} in
  up) shift; if [ $# = 0 ]; then set -- postgres mariadb redis; fi; up "$@" ;;
  kill) stop KILL "${2:?which}" ;;
  down)
    stop QUIT postgres      # at once, without waiting for clients
    stop TERM mariadb
    stop TERM redis
    rm -rf --one-file-system "$DIR"
    ;;
  *) sed -n '2,/^set /{/^set /!p}' "$0"; exit 2 ;;
esac
