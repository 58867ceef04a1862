// The pages that docs/guide/reading-a-plan.md explains are what the program prints.
#include <fstream>
#include <sstream>

#include "absl/strings/str_replace.h"
#include "client/output/plan_diff_page.h"
#include "client/output/plan_page.h"
#include "client/output/problems.h"
#include "client/output/run_summary.h"
#include "client/output/times.h"
#include "gtest/gtest.h"
#include "proto/contract/digest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

v1::ClearTable* AddTable(v1::ClearGroup* group, const char* name, int64_t rows, int64_t bytes,
                         v1::ClearStrategy strategy, const char* reason) {
  auto* table = group->add_tables();
  table->set_schema("public");
  table->set_name(name);
  table->set_rows(rows);
  table->set_bytes(bytes);
  table->set_strategy(strategy);
  table->set_strategy_reason(reason);
  return table;
}

// The fixture's plan, with one of everything that a page can say about clearing.
v1::PlanDocument GuideDocument() {
  v1::PlanDocument document = ADocument();
  document.mutable_groups(1)->mutable_tables(0)->set_estimated(true);
  auto* people = document.add_groups();
  people->set_name("People");
  AddTable(people, "users", 412, 196608, v1::CLEAR_STRATEGY_DELETE, "small");
  AddTable(people, "sessions", 0, 0, v1::CLEAR_STRATEGY_UNTOUCHED, "empty");
  AddTable(people, "private_notes", 0, 2097152, v1::CLEAR_STRATEGY_TRUNCATE, "forced row security")
      ->set_uncountable(true);
  auto* forecast = document.mutable_forecast();
  forecast->set_untouched(2);
  forecast->set_truncated(3);
  forecast->set_deleted(2);
  auto* residue = document.add_residue();
  residue->set_table("public.users");
  residue->add_columns("email");
  residue->add_columns("full_name");
  auto* scans = document.add_large_objects();
  scans->set_table("public.users");
  scans->set_column("photo");
  scans->set_objects(96);
  for (const char* name : {"system_alerts_id_seq", "users_id_seq"}) {
    auto* sequence = document.add_sequences();
    sequence->set_schema("public");
    sequence->set_name(name);
  }
  auto* shared = document.add_shared_sequences();
  shared->set_schema("public");
  shared->set_name("receipt_numbers");
  document.mutable_after(0)->set_required(true);
  return document;
}

v1::Run GuideRun() {
  v1::Run run = ARun(APlan(GuideDocument()), v1::RUN_STATE_SUCCEEDED);
  run.set_plan_id("p-7f3a91c2ffffffff");
  v1::RunResult* result = run.mutable_result();
  result->set_rows_cleared(1240655);
  result->set_tables_cleared(7);
  result->set_tables_truncated(3);
  result->set_tables_closed(3);
  result->set_tables_deleted(2);
  result->set_tables_untouched(2);
  auto* people = result->add_cleared();
  people->set_name("People");
  people->set_rows(412);
  people->set_tables_truncated(1);
  people->set_tables_deleted(1);
  people->set_tables_untouched(1);
  people->set_tables(3);
  auto* users = result->add_largest();
  users->set_table("public.users");
  users->set_rows(412);
  users->set_method(v1::CLEAR_METHOD_DELETED);
  result->set_large_objects_removed(96);
  auto* residue = result->add_residue();
  residue->set_table("public.users");
  residue->add_columns("email");
  residue->add_columns("full_name");
  auto* late = result->add_late_rows();
  late->set_table("public.system_alerts");
  late->set_rows(2);
  late->add_applications("backend");
  return run;
}

PlanDiff GuideDiff() {
  v1::PlanDocument was = GuideDocument(), now = GuideDocument();
  auto* sku = was.add_schema_objects();
  sku->set_name("public.items column sku");
  sku->set_definition("varchar(50)");
  *now.add_schema_objects() = *sku;
  now.mutable_schema_objects(0)->set_definition("text");
  auto* note = now.add_schema_objects();
  note->set_name("public.items column note");
  note->set_definition("text");
  now.mutable_groups(0)->mutable_tables(1)->set_rows(23911);
  now.mutable_groups(2)->mutable_tables(0)->set_strategy(v1::CLEAR_STRATEGY_TRUNCATE);
  now.mutable_groups(2)->mutable_tables(0)->set_strategy_reason("has DELETE triggers");
  PlanDiff diff = {.was_id = "p-7f3a91c2ffffffff",
                   .now_id = "p-90c1d2e3ffffffff",
                   .sections = ComparePlans(was, now),
                   .note = ""};
  diff.sections.push_back(
      {.name = "files", .differences = {{"sql/admin.sql", "1,204 bytes", "1,377 bytes"}}});
  return diff;
}

std::string Guide() {
  std::ifstream in(std::string(RESETCTL_GUIDE) + "/reading-a-plan.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void ExpectInGuide(const std::string& page) {
  EXPECT_NE(Guide().find("```\n" + page + "```\n"), std::string::npos)
      << "docs/guide/reading-a-plan.md does not show this:\n"
      << page;
}

TEST(GuideTest, ShowsThePlanPage) {
  const v1::Plan plan = APlan(GuideDocument());
  ExpectInGuide(absl::StrReplaceAll(RenderPlanPage(ALook(), plan, GuideDocument()),
                                    {{contract::ShortId(plan.id()), "p-7f3a91c2"}}));
}

TEST(GuideTest, ShowsTheTablesInDetail) {
  ExpectInGuide(ClearSection(ALook(), GuideDocument(), TableDetail::kStrategies));
}

TEST(GuideTest, ShowsTheSummary) { ExpectInGuide(RenderRunSummary(ALook(), GuideRun())); }

TEST(GuideTest, ShowsAStaleTargetAndTheDifferences) {
  v1::Run run = GuideRun();
  run.set_state(v1::RUN_STATE_ROLLED_BACK);
  run.clear_result();
  *run.mutable_end_time() = ToProto(ALook().now - absl::Milliseconds(3700));
  v1::Problem* problem = run.mutable_problem();
  problem->set_reason(v1::REASON_STALE_SCHEMA);
  problem->set_message(
      "The schema has changed since the plan: public.items column note: added (text), and 1 more.");
  problem->add_objects("public.items column note: added (text)");
  problem->add_objects("public.items column sku: was varchar(50), now text");
  problem->set_advice("Look at what changed, then make a new plan.");
  v1::RunEvent failed = AnEvent(v1::STEP_KIND_RECHECK, v1::EVENT_KIND_FAILED, 7);
  ExpectInGuide(RenderRunSummary(ALook(), run, failed));

  v1::PlanDocument was = GuideDocument();
  *was.mutable_make_time() = ToProto(ALook().now - absl::Hours(3));
  ExpectInGuide(RenderPlanDiff(ALook(), GuideDiff(), was, GuideDocument()));
}

}  // namespace
}  // namespace resetctl::client
