#include "tests/client/fixtures.h"

#include "client/output/times.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

void AddTable(v1::ClearGroup* group, const char* name, int64_t rows, int64_t bytes,
              v1::ClearStrategy strategy, const char* reason = "") {
  auto* table = group->add_tables();
  table->set_schema("public");
  table->set_name(name);
  table->set_rows(rows);
  table->set_bytes(bytes);
  table->set_strategy(strategy);
  table->set_strategy_reason(reason);
}

void AddGroupResult(google::protobuf::RepeatedPtrField<v1::GroupResult>* groups, const char* name,
                    int64_t rows, int tables) {
  auto* group = groups->Add();
  group->set_name(name);
  group->set_rows(rows);
  group->set_tables(tables);
}

}  // namespace

Look ALook(int width) {
  return {.width = width,
          .color = false,
          .zone = absl::FixedTimeZone(3600),
          .now = absl::FromUnixSeconds(1795507964)};
}

contract::EnvironmentRules ProductionRules() {
  contract::EnvironmentRules rules;
  rules.plan = {"dba"};
  rules.run = {"dba"};
  rules.approvals.required = 2;
  rules.approvals.groups = {"dba", "product"};
  rules.approvals.ttl = absl::Hours(4);
  rules.confirm = "DELETE ALL DATA";
  rules.hold = absl::Seconds(5);
  return rules;
}

v1::PlanDocument ADocument(const contract::EnvironmentRules& rules) {
  v1::PlanDocument document;
  document.set_format(1);
  document.set_environment("production");
  document.set_target("rental-manager");
  document.set_author("carol");
  *document.mutable_make_time() = ToProto(ALook().now - absl::Minutes(2));
  *document.mutable_expire_time() = ToProto(ALook().now + absl::Hours(9));
  document.set_bundle_digest(
      "sha256:4be0123456789abc4be0123456789abc4be0123456789abc4be0123456789abc");
  document.set_blueprint_name("rental-manager");
  document.add_sets("master-data");
  document.set_rules(contract::ToCanonicalJson(rules));
  document.set_policy_digest(contract::Digest(document.rules()));
  document.set_floor_digest(contract::Digest("floor"));
  document.set_floor_summary("2 approvals from dba, product");
  for (const char* person : {"bob", "dana"}) document.add_floor_approvers(person);
  auto* database = document.mutable_database();
  database->set_database_name("rental");
  database->set_address("db.internal:5432");
  database->set_server_version("15.6 (Debian 15.6-0+deb12u1)");
  database->set_marker("9c1f");

  auto* analytics = document.add_groups();
  analytics->set_name("Analytics & Monitoring");
  AddTable(analytics, "system_alerts", 1204, 98304, v1::CLEAR_STRATEGY_DELETE);
  AddTable(analytics, "business_metrics", 10000, 1048576, v1::CLEAR_STRATEGY_TRUNCATE,
           "published without replica identity");
  AddTable(analytics, "analytics_reports", 0, 8192, v1::CLEAR_STRATEGY_UNTOUCHED, "empty");
  auto* transactions = document.add_groups();
  transactions->set_name("Transactions");
  AddTable(transactions, "transaction_lines", 1229036, 640679936, v1::CLEAR_STRATEGY_TRUNCATE,
           "large");
  document.set_rows_total(1240240);
  document.set_bytes_total(641835008);
  auto* forecast = document.mutable_forecast();
  forecast->set_untouched(1);
  forecast->set_truncated(2);
  forecast->set_deleted(1);
  forecast->set_wal_bytes(237568);
  forecast->set_dead_bytes(98304);
  forecast->set_lock_entries(42);
  forecast->set_lock_room(6400);

  auto* kept = document.add_kept();
  kept->set_schema("public");
  kept->set_name("alembic_version");
  kept->set_rows(1);
  kept->set_why("migration history");

  auto* admin = document.add_recreate();
  admin->set_name("Admin user");
  admin->set_kind("sql");
  admin->set_file("sql/admin.sql");
  admin->set_rows(-1);
  admin->set_statements(3);
  auto* brands = document.add_recreate();
  brands->set_name("Brands");
  brands->set_set("master-data");
  brands->set_kind("csv");
  brands->set_file("csv/brands.csv");
  brands->set_table("brands");
  brands->set_rows(20);
  document.add_checks()->set_name("Admin can be found");

  auto* cache = document.mutable_cache();
  cache->set_configured(true);
  cache->set_reachable(true);
  cache->set_mode("db");
  cache->set_keys(58112);
  cache->set_queue_entries(214);
  cache->set_queue_jobs(1880);
  cache->set_address("127.0.0.1:6379");
  cache->set_required(true);
  auto* restart = document.add_after();
  restart->set_name("Restart backend");
  restart->set_summary("railway restart backend");
  auto* effect = document.add_side_effects();
  effect->set_text("materialized view daily_totals refreshed");
  return document;
}

v1::Plan APlan(const v1::PlanDocument& document) {
  v1::Plan plan;
  plan.set_document(document.SerializeAsString());
  plan.set_id(contract::PlanId(plan.document()));
  plan.set_state(v1::PLAN_STATE_PENDING_APPROVAL);
  plan.set_environment(document.environment());
  plan.set_target(document.target());
  plan.set_author(document.author());
  plan.set_approvals_required(2);
  plan.add_may_approve("bob");
  plan.add_may_approve("dana");
  plan.set_rows_total(document.rows_total());
  auto* objection = plan.add_objections();
  objection->set_reason(v1::REASON_APPROVALS_MISSING);
  objection->set_message("production needs 2 approvals, the plan has 0");
  objection->set_advice("ask bob or dana");
  return plan;
}

v1::RunEvent AnEvent(v1::StepKind step, v1::EventKind kind, uint64_t seq) {
  v1::RunEvent event;
  event.set_run_id("r-19c04e7719c04e77");
  event.set_seq(seq);
  *event.mutable_time() = ToProto(ALook().now);
  event.set_step(step);
  event.set_kind(kind);
  return event;
}

v1::Run ARun(const v1::Plan& plan, v1::RunState state) {
  v1::Run run;
  run.set_id("r-19c04e7719c04e77");
  run.set_plan_id(plan.id());
  run.set_environment("production");
  run.set_target("rental-manager");
  run.set_runner("carol");
  run.set_state(state);
  *run.mutable_create_time() = ToProto(ALook().now - absl::Seconds(10));
  *run.mutable_start_time() = ToProto(ALook().now - absl::Seconds(5));
  run.set_agent_online(true);
  *run.mutable_agent_seen_time() = ToProto(ALook().now);
  if (state != v1::RUN_STATE_SUCCEEDED && state != v1::RUN_STATE_NEEDS_ATTENTION) return run;
  run.set_audit_entry(4811);
  v1::RunResult* result = run.mutable_result();
  result->set_rows_cleared(1240243);
  result->set_tables_cleared(4);
  result->set_tables_truncated(2);
  result->set_tables_closed(2);
  result->set_tables_deleted(1);
  result->set_tables_untouched(1);
  result->mutable_writers_waited()->set_nanos(200'000'000);
  result->mutable_writers_waited()->set_seconds(2);
  result->mutable_readers_waited()->set_nanos(400'000'000);
  AddGroupResult(result->mutable_cleared(), "Analytics & Monitoring", 11204, 3);
  result->mutable_cleared(0)->set_tables_truncated(1);
  result->mutable_cleared(0)->set_tables_deleted(1);
  result->mutable_cleared(0)->set_tables_untouched(1);
  AddGroupResult(result->mutable_cleared(), "Transactions", 1229039, 1);
  result->mutable_cleared(1)->set_tables_truncated(1);
  auto* largest = result->add_largest();
  largest->set_table("public.transaction_lines");
  largest->set_rows(1229039);
  largest->set_method(v1::CLEAR_METHOD_TRUNCATED);
  result->set_rows_recreated(21);
  AddGroupResult(result->mutable_recreated(), "Admin user", 1, 0);
  AddGroupResult(result->mutable_recreated(), "Brands", 20, 0);
  auto* check = result->add_checks();
  check->set_name("Admin can be found");
  check->set_passed(true);
  result->set_kept_proved(true);
  result->set_cache_done(true);
  result->set_cache_keys_removed(58112);
  auto* after = result->add_after();
  after->set_name("Restart backend");
  after->set_kind(v1::EVENT_KIND_SUCCEEDED);
  result->set_fence(12);
  result->set_xid("90211");
  result->mutable_took()->set_seconds(4);
  return run;
}

}  // namespace resetctl::client
