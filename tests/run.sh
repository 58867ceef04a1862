#!/bin/sh
# Installs what is needed, builds and runs the tests.
#   tests/run.sh                release build, full suite
#   tests/run.sh --all          and: AddressSanitizer + UBSan, ThreadSanitizer on what runs without gRPC, clang with
#                               -Wthread-safety, clang-format, clang-tidy
#   tests/run.sh --preset asan  one preset's build and suite; what follows is for ctest: --preset asan -LE e2e
#   tests/run.sh --sanitizers   the presets asan and tsan (which sees only what runs without gRPC); what follows is for ctest
#   tests/run.sh --fuzz SECONDS each libFuzzer target for so long
#   tests/run.sh --model        the model of the run protocol (docs/model)
#   tests/run.sh --format       clang-format
#   tests/run.sh --tidy [BASE]  clang-tidy on what changed since BASE, or on all
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
jobs=$(nproc)
tests_at_once=$((jobs + jobs / 2))  # they wait for servers half of their time

build_and_test() {  # PRESET [ctest arguments...]
  preset=$1
  shift
  echo "== $preset: build"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs"
  echo "== $preset: test"
  # shellcheck disable=SC2086
  ctest --preset "$preset" -j "$tests_at_once" --no-tests=error ${RESETCTL_CTEST_ARGUMENTS:-} "$@"
}

fuzz() {  # SECONDS
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz -j "$jobs"
  for target in statement blueprint sql_splitter signers bundle policy database_url redis_url agent_session export_line; do
    echo "== fuzz: $target"
    mkdir -p "build/fuzz/corpus/$target"
    (cd build/fuzz && "tests/fuzz/fuzz_$target" -max_total_time="$1" -verbosity=0 -print_final_stats=1 "corpus/$target")
  done
}

format() {
  echo "== clang-format"
  git ls-files '*.cc' '*.h' | xargs clang-format --dry-run -Werror
}

# Files that changed since BASE (all of them without one), by clang-tidy against the release build's commands without their
# precompiled header, which is GCC's and none that clang can read.
tidy() {
  echo "== clang-tidy"
  base=${1:-}
  if [ -n "$base" ]; then files=$(git diff --name-only --diff-filter=d "$base" -- '*.cc'); else files=$(git ls-files '*.cc'); fi
  mkdir -p build/tidy
  sed 's/ -Winvalid-pch//; s/ -include [^ ]*cmake_pch\.hxx//' build/release/compile_commands.json >build/tidy/compile_commands.json
  [ -z "$files" ] || printf '%s\n' "$files" | xargs -P "$jobs" -n 4 clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p build/tidy
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
    build_and_test tsan
    fuzz 60
    docs/model/check.sh
    cmake --preset clang >/dev/null && cmake --build --preset clang -j "$jobs"
    tidy
    ;;
  --preset)
    sh deploy/install-deps.sh --check-tools
    shift
    build_and_test "${@:?--preset needs a name}"
    ;;
  --sanitizers)
    sh deploy/install-deps.sh --check-tools
    shift
    build_and_test asan "$@"
    build_and_test tsan "$@"
    ;;
  --fuzz)
    sh deploy/install-deps.sh --check-tools
    fuzz "${2:-60}"
    ;;
  --model)
    sh deploy/install-deps.sh --check-tools
    docs/model/check.sh
    ;;
  --format) format ;;
  --tidy) tidy "${2:-}" ;;
  *)
    echo "usage: tests/run.sh [--all | --preset NAME | --sanitizers | --fuzz SECONDS | --model | --format | --tidy [BASE]]" >&2
    exit 2
    ;;
esac
