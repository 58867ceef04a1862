#!/bin/sh
# Checks the model of the run protocol with spin: each configuration exhaustively, then that each rule that is taken away is
# missed. Needs spin (6.5.2) and a C compiler. Exit 1: a violation, a search that is not complete, or a rule that nobody misses.
#
#   check.sh          all of it
#   check.sh NAME...  the rows of these names only, and the steps of what they find
set -eu

model=$(cd "$(dirname "$0")" && pwd)/reset.pml
compiler=${CC:-cc}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
wanted=" $* "
failed=0
rows=0

# The steps of the counterexample: number and kind of the process, the line of the model where the step begins, and its text; of a
# step that is written once for each run, its condition as spin sees it.
show() {
  spin -t -p -k reset.pml.trail $defines reset.pml 2>/dev/null | awk '
    FNR == NR { source[FNR] = $0; next }
    /^ *[0-9]+:/ && $1 != last && match($0, /pml:[0-9]+/) {
      last = $1; line = substr($0, RSTART + 4, RLENGTH - 4); text = source[line]; sub(/^ */, "", text)
      if (text ~ /^(Persons)?StepsOf/) { text = $0; sub(/^[^[]*/, "", text) }
      printf "    %s %s %s line %s: %s\n", $1, $3, $4, line, text }' reset.pml -
}

# row KIND NAME EXPECTED MODE DEFINES...   MODE: safety (assertions), ends (assertions, and no execution is endless)
row() {
  kind=$1 name=$2 expected=$3 mode=$4
  shift 4
  case $wanted in
    '  ') ;;
    *" $name "*) ;;
    *) return 0 ;;
  esac
  rows=$((rows + 1))
  defines=$(printf -- '-D%s ' "$@")
  rm -f pan* reset.pml.trail
  cp "$model" reset.pml
  case $mode in
    safety) search=-DSAFETY flag='' ;;
    ends) search=-DNP flag=-l ;;
  esac
  result='spin or the compiler failed'
  if spin -a $defines reset.pml >out 2>&1 && "$compiler" -O1 -w $search -DCOLLAPSE -DMEMLIM=1900 -o pan pan.c >>out 2>&1; then
    ./pan -w22 -m10000 $flag >out 2>&1 || true
    property=$(sed -n 's/^pan:.*assertion violated.*\(P[0-9]_[A-Z_]*[A-Z]\).*/\1/p' out | head -n 1)
    if grep -q '^pan:.*non-progress cycle' out; then property=endless; fi
    if grep -q 'max search depth too small\|out of memory\|hash table full\|block in d_step' out; then
      result='incomplete search'
    elif [ -n "$property" ]; then
      result="caught: $property"
    elif grep -q '^pan:1:\|Search not completed' out || ! grep -q 'errors: 0' out; then
      result="$(grep -m 1 '^pan:' out || echo 'no result')"
    else
      result=holds
    fi
  fi
  states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' out)
  seconds=$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) seconds/\1/p' out)
  memory=$(sed -n 's/^ *\([0-9.]*\)	total actual memory usage.*/\1/p' out)
  verdict=''
  if [ "$result" != "$expected" ]; then
    failed=1
    verdict="   <-- expected: $expected"
  fi
  printf '%-14s %-34s %10s %8s %7s  %s%s\n' "$kind" "$name" "${states:--}" "${seconds:--}" "${memory:--}" "$result" "$verdict"
  if [ -n "$verdict" ]; then tail -n 5 out | sed 's/^/    /'; fi
  if [ "$wanted" != '  ' ] && [ -f reset.pml.trail ]; then show; fi
}

printf '%-14s %-34s %10s %8s %7s  %s\n' '' name states seconds MB result

# ---- the model holds ----
crash='RUNS=2 CONTROLLER_CRASHES=1 CUTS=1 LOSSES=1 CANCELS=1'
row configuration crash holds safety $crash AGENT_CRASHES=2 RESUMES=1
row configuration duplicate holds safety RUNS=1 AGENTS=2 AGENT_CRASHES=1 CUTS=1 CANCELS=1 RESUMES=1
row configuration duplicate-two-runs holds safety RUNS=2 AGENTS=2
row configuration failover holds safety RUNS=2 FAILOVERS=1 AGENT_CRASHES=1 CANCELS=1 RESUMES=1
row configuration duplicate-and-failover holds safety RUNS=1 AGENTS=2 FAILOVERS=1 AGENT_CRASHES=1 CANCELS=1 WITH_PLAN_TIMELINE
row configuration replay holds safety RUNS=2 REPLAYS=1 AGENT_CRASHES=1 CONTROLLER_CRASHES=1 CUTS=1 CANCELS=1
row configuration restore holds safety RUNS=2 RESTORES=1 AGENT_CRASHES=1 CUTS=1 LOSSES=1 CANCELS=1 RESUMES=1

# ---- and each execution ends: what is known at its end comes by itself ----
row ends crash-ends holds ends $crash AGENT_CRASHES=1
row ends duplicate-ends holds ends RUNS=1 AGENTS=2 AGENT_CRASHES=1 CUTS=1
row ends failover-ends holds ends RUNS=2 FAILOVERS=1 AGENT_CRASHES=1 RESUMES=1
row ends replay-ends holds ends RUNS=2 REPLAYS=1 AGENT_CRASHES=1 CUTS=1
row ends restore-ends holds ends RUNS=2 RESTORES=1 AGENT_CRASHES=1 CUTS=1 RESUMES=1

# ---- each rule is missed ----
one='RUNS=1 AGENT_CRASHES=1 CUTS=1 CANCELS=1'
two='RUNS=1 AGENTS=2'
lag='RUNS=2 FAILOVERS=1 AGENT_CRASHES=1 RESUMES=1'
row rule WITHOUT_RUN_LOCK 'caught: P5_UNCHANGED_IS_TRUE' safety $one WITHOUT_RUN_LOCK
row rule WITHOUT_PRIMARY 'caught: P5_UNCHANGED_IS_TRUE' safety $lag WITHOUT_PRIMARY
row rule WITHOUT_SAME_TIMELINE 'caught: P5_UNCHANGED_IS_TRUE' safety $lag WITHOUT_SAME_TIMELINE
row rule WITHOUT_PLAN_ONCE 'caught: P5_PLAN_ONCE' safety RUNS=2 RESTORES=1 WITHOUT_PLAN_ONCE
row rule WITHOUT_NONCE 'caught: P5_NONCE_ONCE' safety RUNS=2 REPLAYS=1 WITHOUT_NONCE
row rule WITHOUT_FENCE 'caught: P5_UNCHANGED_IS_TRUE' safety $two WITHOUT_FENCE
row rule WITHOUT_OPEN_CLAIM 'caught: P5_UNCHANGED_IS_TRUE' safety $two WITHOUT_OPEN_CLAIM
row rule WITHOUT_JOURNAL_BEFORE_COMMIT 'caught: P5_UNCHANGED_IS_TRUE' safety $lag WITHOUT_JOURNAL_BEFORE_COMMIT
row rule WITHOUT_CACHE_AFTER_COMMIT 'caught: P1_CACHE_AFTER_COMMIT' safety $one WITHOUT_CACHE_AFTER_COMMIT
row rule WITHOUT_LEDGER_AT_CANCEL 'caught: P5_UNCHANGED_IS_TRUE' safety $one WITHOUT_LEDGER_AT_CANCEL
row rule WITHOUT_ONE_TRANSACTION 'caught: P1_ALL_OR_NOTHING' safety $one WITHOUT_ONE_TRANSACTION
row rule WITHOUT_END_UNDER_LOCK 'caught: P5_UNCHANGED_IS_TRUE' safety $two WITHOUT_END_UNDER_LOCK
row rule WITHOUT_VOID_CLAIM 'caught: P5_UNCHANGED_IS_TRUE' safety $two WITHOUT_VOID_CLAIM
row rule WITHOUT_ASKING_BEFORE_REFUSED 'caught: P5_UNCHANGED_IS_TRUE' safety $two WITHOUT_ASKING_BEFORE_REFUSED
row rule WITHOUT_COMMIT_LOST 'caught: P5_ENDS_KNOWN' safety $lag WITHOUT_COMMIT_LOST
row rule WITHOUT_STOP_ON_DISAGREEMENT 'caught: P5_LOST_STOPS_WORK' safety $lag WITHOUT_STOP_ON_DISAGREEMENT
row rule WITHOUT_LEDGER_AT_RESUME 'caught: P5_LOST_NOT_RESUMED' safety $lag WITHOUT_LEDGER_AT_RESUME
row rule WITHOUT_CLAIM_TIMELINE 'caught: P5_UNCHANGED_IS_TRUE' safety $two FAILOVERS=1 AGENT_CRASHES=1 WITH_PLAN_TIMELINE \
  WITHOUT_CLAIM_TIMELINE
row rule WITHOUT_PLAN_TIMELINE 'caught: P5_UNCHANGED_IS_TRUE' safety $two FAILOVERS=1 AGENT_CRASHES=1

# ---- rules that another one protects too: nobody misses them alone ----
row 'second line' WITHOUT_UNIQUE_PLAN holds safety RUNS=2 RESTORES=1 AGENT_CRASHES=1 CUTS=1 WITHOUT_UNIQUE_PLAN
row 'second line' WITHOUT_NEWEST_FENCE holds safety RUNS=2 AGENTS=2 WITHOUT_NEWEST_FENCE

# ---- the model comes where the properties matter, and the search for endless executions can find one ----
row control WITNESS_CRASHED_AND_SUCCEEDED 'caught: P0_NEVER_SEEN' safety $one WITNESS_CRASHED_AND_SUCCEEDED
row control WITNESS_RESUMED 'caught: P0_NEVER_SEEN' safety $one RESUMES=1 WITNESS_RESUMED
row control WITNESS_COMMIT_LOST 'caught: P0_NEVER_SEEN' safety $lag WITNESS_COMMIT_LOST
row control WITNESS_RUN_AFTER_REBIND 'caught: P0_NEVER_SEEN' safety $lag WITNESS_RUN_AFTER_REBIND
row control WITNESS_DUPLICATE_COMMITS 'caught: P0_NEVER_SEEN' safety $two WITNESS_DUPLICATE_COMMITS
row control CONTROL_ENDLESS 'caught: endless' ends $one CONTROL_ENDLESS

if [ "$rows" -eq 0 ]; then
  echo "no row has this name" >&2
  exit 1
fi
exit "$failed"
