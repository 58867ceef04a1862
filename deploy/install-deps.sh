#!/bin/sh
# Installs every Debian package that building, testing and the demo need. The one place that names them.
# Works as root in a minimal container and as a user with sudo. Does nothing when all are there.
set -eu

build="g++ cmake ninja-build ccache pkg-config git ca-certificates
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libabsl-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev libcli11-dev
  libpq-dev libpqxx-dev libhiredis-dev libsqlite3-dev libssl-dev libcurl4-openssl-dev libcrypt-dev zlib1g-dev"
tests="libgtest-dev libgmock-dev libbenchmark-dev"
run="openssh-client openssl postgresql-15 redis-server redis-tools python3 util-linux procps tzdata"
check="pgbouncer spin clang clang-format clang-tidy libclang-rt-14-dev"

want="$build $tests $run"
[ "${1:-}" = --check-tools ] && want="$want $check"

missing=""
for package in $want; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: run as root, or install sudo; missing:$missing" >&2; exit 1; }
  as_root="sudo"
fi

echo "install-deps: installing$missing"
# Debian's postgresql package makes and starts a cluster of its own; we start our own and want no other.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  $as_root mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
