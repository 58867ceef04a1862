#!/bin/sh
# Installs what is needed, builds and runs the tests.
#   tests/run.sh                release build, full suite
#   tests/run.sh --all          and: AddressSanitizer + UBSan, ThreadSanitizer on what runs without gRPC, clang with
#                               -Wthread-safety, clang-format, clang-tidy
#   tests/run.sh --preset asan  one preset's build and suite
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
jobs=$(nproc)

build_and_test() {  # PRESET [ctest arguments...]
  preset=$1
  shift
  echo "== $preset: build"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs"
  echo "== $preset: test"
  ctest --preset "$preset" -j "$jobs" --no-tests=error "$@"
}

format() {
  echo "== clang-format"
  git ls-files '*.cc' '*.h' | xargs clang-format --dry-run -Werror
}

# Files that changed since BASE (all of them without one), by clang-tidy against the release build's commands.
tidy() {
  echo "== clang-tidy"
  base=${1:-}
  if [ -n "$base" ]; then files=$(git diff --name-only --diff-filter=d "$base" -- '*.cc'); else files=$(git ls-files '*.cc'); fi
  [ -z "$files" ] || printf '%s\n' "$files" | xargs -P "$jobs" -n 4 clang-tidy --quiet -p build/release
}

case "${1:-}" in
  "")
    sh deploy/install-deps.sh
    build_and_test release
    ;;
  --all)
    sh deploy/install-deps.sh --check-tools
    format
    build_and_test release
    build_and_test asan
    build_and_test tsan -L no-grpc
    cmake --preset clang >/dev/null && cmake --build --preset clang -j "$jobs"
    tidy
    ;;
  --preset)
    sh deploy/install-deps.sh --check-tools
    build_and_test "${2:?--preset needs a name}"
    ;;
  --format) format ;;
  --tidy) tidy "${2:-}" ;;
  *)
    echo "usage: tests/run.sh [--all | --preset NAME | --format | --tidy [BASE]]" >&2
    exit 2
    ;;
esac
