# Starts and stops what the demo needs: two PostgreSQL clusters, two Redis servers, a controller, two agents and the stand-in
# applications. Everything listens on loopback, keeps its data below $demo and is stopped by the process id noted there.
# Sourced by deploy/demo.sh; needs $root, $demo and $bin.
# shellcheck shell=bash disable=SC2154

pg_bin=/usr/lib/postgresql/15/bin

# PostgreSQL refuses root, and an agent should not own its own trust files: as root, both run as users of their own.
if [ "$(id -u)" = 0 ]; then
  as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  as_agent=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
  same_owner=refuse
else
  as_postgres=()
  as_agent=()
  same_owner=accept
fi

die() { echo "demo: $*" >&2; exit 1; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# note_pid NAME PID: with the process's start time, so that a reused id is never mistaken for ours.
note_pid() {
  echo "$2 $(cut -d' ' -f22 "/proc/$2/stat" 2>/dev/null || true)" >"$demo/pids/$1"
}

pid_is_ours() {
  local pid started
  read -r pid started <"$1" || return 1
  [ -n "$started" ] && [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" = "$started" ]
}

# stop_pid NAME [SIGNAL]: asks, waits up to 20 s, insists.
stop_pid() {
  local file=$demo/pids/$1 pid _
  [ -f "$file" ] || return 0
  if pid_is_ours "$file"; then
    read -r pid _ <"$file"
    kill "-${2:-TERM}" "$pid" 2>/dev/null || true
    for _ in $(seq 200); do
      pid_is_ours "$file" || break
      sleep 0.1
    done
    if pid_is_ours "$file"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$file"
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
  local seconds=$1 what=$2 _
  shift 2
  for _ in $(seq $((seconds * 10))); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  die "$what did not come up; see $demo/log"
}

start_postgres() {  # NAME PORT
  local data=$demo/postgres/$1
  mkdir -p "$data" "$demo/run"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$data" "$demo/run"; fi
  touch "$demo/log/postgres-$1.log"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$demo/log/postgres-$1.log"; fi
  (umask 077 && echo "$superuser_password" >"$demo/run/password")
  if [ "$(id -u)" = 0 ]; then chown postgres: "$demo/run/password"; fi
  (cd / && "${as_postgres[@]}" "$pg_bin/initdb" -D "$data" -U postgres -A scram-sha-256 --pwfile="$demo/run/password" \
    -E UTF8 --locale=C >/dev/null)
  rm "$demo/run/password"
  (cd / && exec "${as_postgres[@]}" "$pg_bin/postgres" -D "$data" -p "$2" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$demo/run" -c shared_buffers=64MB >>"$demo/log/postgres-$1.log" 2>&1) &
  note_pid "postgres-$1" $!
  await 30 "PostgreSQL ($1)" "$pg_bin/pg_isready" -h 127.0.0.1 -p "$2"
}

# The application's own database, owned by an ordinary role.
make_database() {  # PORT
  PGPASSWORD=$superuser_password psql -XqAt -h 127.0.0.1 -p "$1" -U postgres -v ON_ERROR_STOP=1 <<SQL
create role rental login password '$database_password';
create database rental owner rental;
grant pg_read_all_stats to rental;
SQL
}

start_redis() {  # NAME PORT
  (exec redis-server --port "$2" --bind 127.0.0.1 --save '' --appendonly no --dir "$demo" \
    >>"$demo/log/redis-$1.log" 2>&1) &
  note_pid "redis-$1" $!
  await 10 "Redis ($1)" redis-cli -p "$2" ping
}

fill_redis() {  # PORT KEYS
  python3 - "$2" <<'PY' | redis-cli -p "$1" --pipe >/dev/null
import sys
out = sys.stdout
for i in range(int(sys.argv[1])):
    parts = ["SET", "session:%d" % i, "someone"] if i % 2 else ["SET", "cache:item:%d" % i, "x" * 40]
    out.write("*%d\r\n" % len(parts) + "".join("$%d\r\n%s\r\n" % (len(p), p) for p in parts))
PY
  redis-cli -p "$1" rpush jobs:email 1 2 3 >/dev/null
  redis-cli -p "$1" -n 7 set untouched "another application's key" >/dev/null
}

start_app() {  # NAME DATABASE_URL
  rm -f "$demo/run/app-$1.port"
  (DATABASE_URL=$2 exec /usr/bin/python3 "$root/deploy/examples/rental-manager/app/rental_app.py" \
    --port 0 --port-file "$demo/run/app-$1.port" >>"$demo/log/app-$1.log" 2>&1) &
  note_pid "app-$1" $!
  await 10 "the application ($1)" test -s "$demo/run/app-$1.port"
}

stop_all() {
  local name
  for name in agent-staging agent-production; do stop_pid "$name"; done
  stop_pid controller
  for name in app-staging app-production redis-staging redis-production; do stop_pid "$name"; done
  for name in postgres-staging postgres-production; do stop_pid "$name" INT; done
}
