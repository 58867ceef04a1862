#!/usr/bin/env bash
# The main job on a bare machine: installs, builds, starts two environments, tells the story of two resets, checks it with
# psql and redis-cli, and stops what it started. Exits 0 only if every check held.
#   deploy/demo.sh         the whole story
#   deploy/demo.sh up      leaves the stack running and writes a file `env` to source (its path is printed)
#   deploy/demo.sh down    stops exactly that
# Data: $RESETCTL_DEMO_DIR, else resetctl-demo-UID below the temporary folder. Rows in production: $RESETCTL_DEMO_ROWS.
set -euo pipefail
export LC_ALL=C.UTF-8
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
demo=${RESETCTL_DEMO_DIR:-${TMPDIR:-/tmp}/resetctl-demo-$(id -u)}
bin=$demo/bin
rows=${RESETCTL_DEMO_ROWS:-250000}
example=$root/deploy/examples/rental-manager

# shellcheck source=deploy/demo/servers.sh
. "$root/deploy/demo/servers.sh"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=deploy/demo/story.sh
. "$root/deploy/demo/story.sh"

build() {
  sh "$root/deploy/install-deps.sh"
  (cd "$root" && cmake --preset release >/dev/null &&
    cmake --build --preset release --target resetctl reset-agent reset-controller)
}

down() {
  [ -d "$demo/pids" ] || return 0
  stop_all
  rm -rf "$demo"
}

case "${1:-}" in
  "")
    build
    down
    trap 'code=$?; stop_all; [ "$code" = 0 ] && rm -rf "$demo"; exit "$code"' EXIT
    trap 'exit 130' INT TERM
    up
    story
    ;;
  up)
    build
    down
    trap 'code=$?; [ "$code" = 0 ] || stop_all; exit "$code"' EXIT
    up
    echo
    echo "The stack is running. Its settings:  . $demo/env"
    echo "Stop it with:                        deploy/demo.sh down"
    ;;
  down) down ;;
  *)
    echo "usage: deploy/demo.sh [up | down]" >&2
    exit 2
    ;;
esac
