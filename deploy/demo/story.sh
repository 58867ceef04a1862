# The story: a team resets staging, then production, and what stops them on the way. Every step's exit code and result is checked.
# Sourced by deploy/demo.sh after stack.sh.
# shellcheck shell=bash disable=SC2154

failed=0

bold="" plain=""
[ -t 1 ] && bold=$(printf "\033[1m") plain=$(printf "\033[0m")
say() { printf "\n%s== %s%s\n" "$bold" "$*" "$plain"; }

check() {  # WHAT EXPECTED ACTUAL
  if [ "$2" = "$3" ]; then
    printf '   ok    %s: %s\n' "$1" "$3"
  else
    printf '   WRONG %s: expected %s, found %s\n' "$1" "$2" "$3"
    failed=1
  fi
}

# tell EXPECTED_CODE PERSON ARGUMENTS...: shows and runs one command.
tell() {
  local expected=$1 person=$2 code=0
  shift 2
  printf '\n%s$ resetctl' "$person"
  printf ' %q' "$@"
  printf '\n'
  as_person "$person" "$@" >"$demo/said" 2>&1 || code=$?
  cat "$demo/said"
  check "exit code" "$expected" "$code"
}

sql() { psql "$(database_url "$1")" -XqAt -v ON_ERROR_STOP=1 -c "$2"; }

# One line a table, so that equal texts mean equal data.
checksums() {
  local table
  for table in $(sql "$1" "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public' order by 1"); do
    echo "$table $(sql "$1" "select count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '-') from $table t")"
  done
}

new_plan() {  # PERSON ARGUMENTS... -> sets $plan
  local person=$1
  shift
  tell 0 "$person" plan "$@"
  plan=$(as_person "$person" list plans --mine -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["plans"][0]["id"])')
}

total_rows() {
  sql "$1" "select coalesce(sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I.%I', schemaname, tablename), false, true, '')))[1]::text::bigint), 0)
            from pg_tables where schemaname = 'public'"
}

login_status() {  # ENVIRONMENT PASSWORD
  python3 - "http://127.0.0.1:$(cat "$demo/run/app-$1.port")/api/auth/login" "$2" <<'PY'
import json, sys, urllib.error, urllib.request
body = json.dumps({"username": "admin", "password": sys.argv[2]}).encode()
request = urllib.request.Request(sys.argv[1], body, {"Content-Type": "application/json"})
try:
    print(urllib.request.urlopen(request, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
PY
}

story_staging() {
  say "Staging: one command, no approvals needed"
  check "the old administrator can log in" 200 "$(login_status staging 'Winter-2019!')"
  tell 0 carol reset "$example/blueprint.yaml" --env staging --with master-data --yes
  check "users" 1 "$(sql staging 'select count(*) from users')"
  check "items of the master data" 20 "$(sql staging 'select count(*) from items')"
}

story_refusals() {
  say "Production: what stops a reset"
  new_plan carol "$example/blueprint.yaml" --env production --reason "clean start for the March opening"
  tell 3 carol run "$plan" --confirm "DELETE ALL DATA rental-manager"
  tell 3 carol approve "$plan" --yes
  tell 0 alice approve "$plan" --yes
  tell 0 bob approve "$plan" --yes
  tell 3 carol run "$plan" --confirm "yes"

  say "Production: the schema changed since the plan"
  sql production "alter table items add column colour text"
  tell 4 carol run "$plan" --confirm "DELETE ALL DATA rental-manager"
  check "the answer names the column" 1 "$(grep -c 'colour' "$demo/said" | sed 's/[1-9][0-9]*/1/')"
  sql production "alter table items drop column colour"

  say "Production: a recreate step fails half way"
  checksums production >"$demo/before"
  new_plan carol "$example/failing.yaml" --env production
  tell 0 alice approve "$plan" --yes
  tell 0 bob approve "$plan" --yes
  tell 5 carol run "$plan" --confirm "DELETE ALL DATA rental-manager"
  checksums production >"$demo/after"
  check "checksums of all $(wc -l <"$demo/before") tables are equal before and after" yes \
    "$(cmp -s "$demo/before" "$demo/after" && echo yes || echo no)"
  check "Redis keys" "$keys_before" "$(redis-cli -p "$(redis_port production)" dbsize)"
}

story_production() {
  say "Production: two approvals, the phrase, the reset"
  new_plan carol "$example/blueprint.yaml" --env production --with master-data --reason "clean start for the March opening"
  tell 0 alice approve "$plan" --yes
  tell 0 bob approve "$plan" -m "agreed with sales" --yes
  kept_before=$(sql production "select md5(string_agg(t::text, ',' order by t::text)) from tax_rates t")
  tell 0 carol run "$plan" --confirm "DELETE ALL DATA rental-manager"
}

verify_production() {
  say "Production: looked at with psql and redis-cli"
  local wanted
  while read -r table wanted; do
    check "rows in $table" "$wanted" "$(sql production "select count(*) from $table")"
  done <<'ROWS'
users 1
roles 4
permissions 32
role_permissions 81
user_roles 1
system_settings 13
companies 1
suppliers 10
customers 10
units_of_measurement 20
brands 20
categories 45
locations 7
items 20
alembic_version 1
tax_rates 4
ROWS
  check "rows in all tables but the kept ones" 265 "$(($(total_rows production) - $(sql production 'select (select count(*) from alembic_version) + (select count(*) from tax_rates) + (select count(*) from change_notes)')))"
  check "the kept table is unchanged" "$kept_before" "$(sql production "select md5(string_agg(t::text, ',' order by t::text)) from tax_rates t")"
  check "the admin's hash verifies against ADMIN_PASSWORD" True "$(sql production "select password_hash from users" |
    /usr/bin/python3 -W ignore -c 'import crypt, sys; h = sys.stdin.read().strip(); print(crypt.crypt(sys.argv[1], h) == h)' "$admin_password")"
  check "the new administrator can log in" 200 "$(login_status production "$admin_password")"
  check "the old password" 401 "$(login_status production 'Winter-2019!')"
  check "keys in the Redis db" "resetctl:target" "$(redis-cli -p "$(redis_port production)" --scan)"
  check "the key in another Redis db" "another application's key" "$(redis-cli -p "$(redis_port production)" -n 7 get untouched)"
  check "calls of the Railway CLI" "railway restart --service backend --environment production --yes --json" \
    "$(cat "$demo/agent-production/state/railway.log")"
  say "Production: who did what"
  tell 0 alice audit list --env production
  say "The audit log: exported, and verified without the controller"
  tell 0 alice audit export --file "$demo/home/audit.jsonl"
  local environment
  for environment in staging production; do run_agent "$environment" witness show; done >"$demo/home/witnesses"
  tell 0 alice audit verify --file "$demo/home/audit.jsonl" --log-key "$demo/controller/log.pub" \
    --allowed-signers "$demo/agent-production/trust/allowed_signers" --witnesses "$demo/home/witnesses"
  say "A report of the reset: one page, with its proof"
  local run page=$demo/home/run.html
  run=$(as_person carol list runs --env production -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["runs"][0]["id"])')
  tell 0 carol report "$run" -o "$page"
  tell 2 carol report "$run" -o "$page"
  check "nobody else may read it" 600 "$(stat -c %a "$page")"
  check "scripts in it, and what it would load" 0 "$(grep -ciE '<script|(src|href)="[^#]|url\(|@import' "$page" || true)"
  check "it names who approved" "alice bob" "$(grep -oE '<strong>[a-z]+</strong> approved the plan' "$page" | sed 's/<[^>]*>//g; s/ .*//' | sort | paste -sd ' ')"
  check "it gives the transaction's id" 1 "$(grep -c "<code>$(sql production "select xid from resetctl.ledger where run = '$run'")</code>" "$page")"
  say "No secret in anything that was written down"
  check "files that hold a password" 0 "$(grep -rlaF -e "$admin_password" -e "$database_password" "$demo/controller" "$demo/log" \
    "$demo/agent-staging" "$demo/agent-production" "$demo/home" 2>/dev/null | wc -l)"
}

story() {
  rows_before=$(total_rows production)
  keys_before=$(redis-cli -p "$(redis_port production)" dbsize)
  say "Production before: $rows_before rows, $keys_before Redis keys"
  check "at least 250,000 rows" yes "$([ "$rows_before" -ge 250000 ] && echo yes || echo no)"
  check "at least 10,000 keys" yes "$([ "$keys_before" -ge 10000 ] && echo yes || echo no)"
  story_staging
  story_refusals
  story_production
  verify_production
  if [ "$failed" != 0 ]; then die "a check did not hold; logs are in $demo/log"; fi
  say "Every check held."
}
