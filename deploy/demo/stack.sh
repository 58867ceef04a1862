# Brings the whole stack up: servers, data, controller, people, agents.
# Sourced by deploy/demo.sh after servers.sh.
# shellcheck shell=bash disable=SC2154

# Made anew for every demo; they exist in the agents' environment only, which is what the demo shows.
random_word() { openssl rand -hex 12; }

people=(alice bob carol)

make_people() {
  local person
  mkdir -p "$demo/keys"
  for person in "${people[@]}"; do
    ssh-keygen -q -t ed25519 -N '' -C "$person@demo" -f "$demo/keys/$person"
  done
}

write_policy() {
  local person groups
  {
    echo "people:"
    for person in "${people[@]}"; do
      groups=dba
      if [ "$person" = bob ]; then groups=product; fi
      echo "  $person: {keys: ['$(cat "$demo/keys/$person.pub")'], groups: [$groups]}"
    done
    cat <<'YAML'
environments:
  staging:
    plan: [dba]
    run: [dba]
    approvals: {required: 0}
  production:
    plan: [dba]
    run: [dba]
    approvals: {required: 2, groups: [dba, product], self: false, distinct_groups: true, ttl: 4h}
    confirm: DELETE ALL DATA
    hold: 2s
admin: {groups: [dba]}
YAML
  } >"$demo/controller/policy.yaml"
}

start_controller() {
  "$bin/reset-controller" init --dir "$demo/controller" --host 127.0.0.1 >"$demo/log/init.log"
  ca_pin=$(grep -o 'sha256:[0-9a-f]\{64\}' "$demo/log/init.log" | head -n 1)
  write_policy
  sed -i 's/^listen:.*/listen: 127.0.0.1:0/' "$demo/controller/controller.yaml"
  ("$bin/reset-controller" serve --config "$demo/controller/controller.yaml" --listen-file "$demo/run/controller" \
    >>"$demo/log/controller.log" 2>&1) &
  note_pid controller $!
  await 15 "the controller" test -s "$demo/run/controller"
  controller=$(tr -d ' \n' <"$demo/run/controller")
}

# The floor: the owner of the database says who may reset it, whatever the controller says.
write_trust() {  # ENVIRONMENT DIR
  local person
  mkdir -p "$2"
  {
    echo "groups: {dba: [alice, carol], product: [bob]}"
    echo "plan: [dba]"
    echo "run: [dba]"
    if [ "$1" = production ]; then
      echo "approvals: {required: 2, groups: [dba, product], self: false, distinct_groups: true, ttl: 4h}"
    else
      echo "approvals: {required: 0}"
    fi
  } >"$2/floor.yaml"
  for person in "${people[@]}"; do
    echo "$person namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,resetctl-admin-v1\" $(cat "$demo/keys/$person.pub")"
  done >"$2/allowed_signers"
  chmod -R go-w "$2"
}

agent_environment() {  # ENVIRONMENT -> sets the array agent_env
  agent_env=(PATH=/usr/local/bin:/usr/bin:/bin HOME=/nonexistent
    "DATABASE_URL=postgresql+asyncpg://rental:$database_password@127.0.0.1:$(cat "$demo/run/postgres-$1.port")/rental"
    "REDIS_URL=redis://127.0.0.1:$(cat "$demo/run/redis-$1.port")/0"
    ADMIN_USERNAME=admin ADMIN_EMAIL=admin@example.com "ADMIN_PASSWORD=$admin_password"
    "ADMIN_FULL_NAME=System Administrator" "COMPANY_NAME=Example Rentals"
    "APP_URL=http://127.0.0.1:$(cat "$demo/run/app-$1.port")")
}

run_agent() {  # ENVIRONMENT VERB [OPTION...] -> as its own user
  local folder=$demo/agent-$1
  agent_environment "$1"
  (cd / && "${as_agent[@]}" env -i "${agent_env[@]}" "$bin/reset-agent" "${@:2}" --config "$folder/agent.yaml")
}

start_agent() {  # ENVIRONMENT
  local folder=$demo/agent-$1 token=$demo/agent-$1/token
  mkdir -p "$folder/tools"
  install -d -m 700 "$folder/state"
  cp "$example/app/railway" "$folder/tools/railway"
  chmod 755 "$folder/tools/railway"
  echo "RAILWAY_STANDIN_LOG=$folder/state/railway.log" >"$folder/tools/railway.env"
  cat >"$folder/agent.yaml" <<YAML
controller: $controller
ca_pin: $ca_pin
state_dir: $folder/state
database_url: \${DATABASE_URL}
redis_url: \${REDIS_URL}
parameters:
  - {name: ADMIN_USERNAME, public: true}
  - {name: ADMIN_EMAIL, public: true}
  - {name: ADMIN_FULL_NAME, public: true}
  - {name: COMPANY_NAME, public: true}
  - {name: APP_URL, public: true}
  - {name: ADMIN_PASSWORD}
http_origins: ['http://127.0.0.1:$(cat "$demo/run/app-$1.port")']
command_path: $folder/tools:/usr/local/bin:/usr/bin:/bin
trust: {dir: $folder/trust, same_owner: $same_owner}
reconnect: {min: 200ms, max: 2s}
YAML
  write_trust "$1" "$folder/trust"
  as_person carol agent invite rental-manager --env "$1" --token-file "$token" >/dev/null 2>&1 ||
    die "no invitation for the agent of $1"
  if [ "$(id -u)" = 0 ]; then chown -R nobody: "$folder/state" "$token"; fi
  run_agent "$1" enroll --controller "$controller" --ca-pin "$ca_pin" --token-file "$token" >>"$demo/log/agent-$1.log" 2>&1 ||
    die "enrolment failed; see $demo/log/agent-$1.log"
  agent_environment "$1"
  (cd / && exec "${as_agent[@]}" env -i "${agent_env[@]}" "$bin/reset-agent" serve --config "$folder/agent.yaml" \
    >>"$demo/log/agent-$1.log" 2>&1) &
  note_pid "agent-$1" $!
  await 20 "the agent ($1)" agent_is_online "$1"
}

agent_is_online() {
  as_person carol target show rental-manager --env "$1" -o json | grep -q '"online": *true'
}

# resetctl as one of the demo's people: what a CI job would set too.
as_person() {
  local person=$1
  shift
  HOME=$demo/home/$person RESETCTL_PERSON=$person RESETCTL_KEY=$demo/keys/$person \
    RESETCTL_CONTROLLER=$controller RESETCTL_CA_PIN=$ca_pin "$bin/resetctl" "$@"
}

database_url() { echo "postgresql://rental:$database_password@127.0.0.1:$(cat "$demo/run/postgres-$1.port")/rental"; }
redis_port() { cat "$demo/run/redis-$1.port"; }

write_env() {
  cat >"$demo/env" <<SH
export PATH="$bin:\$PATH"
export RESETCTL_CONTROLLER='$controller' RESETCTL_CA_PIN='$ca_pin'
export RESETCTL_PERSON=carol RESETCTL_KEY='$demo/keys/carol'
export RESETCTL_KEY_ALICE='$demo/keys/alice' RESETCTL_KEY_BOB='$demo/keys/bob' RESETCTL_KEY_CAROL='$demo/keys/carol'
export STAGING_DATABASE_URL='$(database_url staging)' PRODUCTION_DATABASE_URL='$(database_url production)'
export STAGING_REDIS_URL='redis://127.0.0.1:$(redis_port staging)/0' PRODUCTION_REDIS_URL='redis://127.0.0.1:$(redis_port production)/0'
export RESETCTL_DEMO_BLUEPRINT='$example/blueprint.yaml'
SH
  chmod 600 "$demo/env"
}

up() {
  local environment size port
  mkdir -p "$demo"/{bin,log,pids,run,home,postgres}
  chmod 755 "$demo" "$demo/bin"
  install -m 755 "$root"/build/release/bin/{resetctl,reset-agent,reset-controller} "$bin/"
  superuser_password=$(random_word)
  database_password=$(random_word)
  admin_password="Demo-$(random_word)-9A"
  for environment in staging production; do
    size=$rows
    if [ "$environment" = staging ]; then size=$((rows / 50)); fi
    echo "== $environment: PostgreSQL, Redis, the application, $size rows"
    port=$(free_port)
    echo "$port" >"$demo/run/postgres-$environment.port"
    start_postgres "$environment" "$port"
    make_database "$port"
    psql "$(database_url "$environment")" -Xq -v ON_ERROR_STOP=1 -f "$example/schema.sql" >/dev/null
    psql "$(database_url "$environment")" -Xq -v ON_ERROR_STOP=1 -v rows="$size" -f "$example/fill.sql" >/dev/null
    port=$(free_port)
    echo "$port" >"$demo/run/redis-$environment.port"
    start_redis "$environment" "$port"
    fill_redis "$port" $((size / 20))
    start_app "$environment" "$(database_url "$environment")"
  done
  echo "== controller and people"
  make_people
  start_controller
  for environment in staging production; do
    echo "== agent of $environment"
    start_agent "$environment"
  done
  write_env
}
