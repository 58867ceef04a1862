#!/bin/sh
# This version's programs with another's: builds COMMIT (a tag, a branch, a hash) below build/versions, and lets both work together.
# The release build must be there. What follows COMMIT is for the test: --gtest_filter=...
set -eu
[ $# -ge 1 ] || { echo "usage: tests/versions.sh COMMIT [GTEST ARGUMENTS]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
commit=$(git -C "$root" rev-parse --verify --quiet "$1^{commit}") || { echo "there is no commit $1" >&2; exit 2; }
shift
other=$root/build/versions/$commit
if [ ! -d "$other" ]; then
  mkdir -p "$root/build/versions"
  git clone -q --no-checkout "$root" "$other"
  git -C "$other" checkout -q "$commit"
fi
cd "$other"
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target resetctl reset-agent reset-controller
cd "$root"
RESETCTL_OTHER_BUILD=$other/build/release exec build/release/tests/e2e/e2e_versions_test "$@"
