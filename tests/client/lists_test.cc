#include "client/output/lists.h"

#include "absl/strings/str_split.h"
#include "client/output/times.h"
#include "gtest/gtest.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/environment.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/target.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

v1::ListPlansResponse Plans() {
  v1::ListPlansResponse response;
  v1::Plan waiting = APlan(ADocument());
  waiting.set_id("p-7f3a91c2ffffffff");
  *waiting.mutable_create_time() = ToProto(ALook().now - absl::Minutes(2));
  waiting.set_approvals_counted(1);
  *response.add_plans() = waiting;
  waiting.set_id("p-11111111ffffffff");
  waiting.set_state(v1::PLAN_STATE_CONSUMED);
  *response.add_plans() = waiting;
  return response;
}

void ExpectFits(const std::string& page, int width) {
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(page, '\n'))) {
    EXPECT_LE(Width(line), width) << line;
  }
}

// An alarm of the log is seen wherever its target is shown, once.
TEST(ListsTest, AnAlarmOfTheLogIsShownEverywhere) {
  v1::Problem alarm;
  alarm.set_reason(v1::REASON_LOG_FORKED);
  alarm.set_message("its history was rewritten");
  v1::Target target;
  target.set_environment("production");
  target.set_name("shop");
  target.set_problem(alarm.message());
  *target.mutable_witness_alarm() = alarm;
  const std::string page = RenderTarget(ALook(), target);
  EXPECT_NE(page.find("LOG_FORKED: its history was rewritten"), std::string::npos) << page;
  EXPECT_EQ(page.find("Problem"), std::string::npos) << page;

  v1::Environment environment;
  environment.set_name("production");
  environment.add_log_alarms()->set_target("shop");
  *environment.mutable_log_alarms(0)->mutable_problem() = alarm;
  EXPECT_NE(
      RenderEnvironment(ALook(), environment).find("shop, LOG_FORKED: its history was rewritten"),
      std::string::npos);
  v1::ListEnvironmentsResponse environments;
  *environments.add_environments() = environment;
  EXPECT_NE(RenderEnvironments(ALook(), environments).find("LOG ALARM"), std::string::npos);

  v1::ListAgentsResponse agents;
  v1::Agent& agent = *agents.add_agents();
  agent.set_environment("production");
  agent.set_target("shop");
  agent.set_witness_key("vkey");
  agent.set_witness_size(4812);
  EXPECT_NE(RenderAgents(ALook(), agents).find("4,812 seen"), std::string::npos);
  *agent.mutable_witness_alarm() = alarm;
  EXPECT_NE(RenderAgents(ALook(), agents).find("LOG ALARM"), std::string::npos);
}

TEST(ListsTest, PlansSayForWhatTheyWait) {
  EXPECT_EQ(RenderPlans(ALook(), Plans()),
            R"(PLAN        STATE            ENVIRONMENT  TARGET               ROWS  MADE
p-7f3a91c2  waiting, 1 of 2  production   rental-manager  1,240,240  2 min ago
p-11111111  consumed         production   rental-manager  1,240,240  2 min ago
)");
}

TEST(ListsTest, AnEstimateIsMarked) {
  v1::ListPlansResponse response = Plans();
  response.mutable_plans(0)->set_rows_estimated(true);
  const std::string page = RenderPlans(ALook(), response);
  EXPECT_NE(page.find("  ≈1,240,240  "), std::string::npos) << page;
  EXPECT_NE(page.find("   1,240,240  "), std::string::npos) << page;
}

TEST(ListsTest, IdsStayWholeOnANarrowTerminal) {
  for (const int width : {46, 50, 60}) {
    const std::string plans = RenderPlans(ALook(width), Plans());
    ExpectFits(plans, width);
    EXPECT_NE(plans.find("p-7f3a91c2  "), std::string::npos) << plans;
    v1::ListRunsResponse response;
    *response.add_runs() = ARun(APlan(ADocument()), v1::RUN_STATE_NEEDS_ATTENTION);
    const std::string runs = RenderRuns(ALook(width), response);
    ExpectFits(runs, width);
    EXPECT_NE(runs.find("r-19c04e77  "), std::string::npos) << runs;
  }
}

v1::ListEntriesResponse Entries() {
  v1::ListEntriesResponse response;
  const auto add = [&](uint64_t index, const char* actor, const char* action, const char* subject) {
    auto* record = response.add_records();
    record->set_index(index);
    auto* entry = record->mutable_decoded();
    *entry->mutable_time() = ToProto(ALook().now);
    entry->set_actor(actor);
    entry->set_action(action);
    entry->set_subject(subject);
    entry->set_environment("production");
    entry->set_outcome("ok");
  };
  add(4811, "agent:production/rental-manager", "run.end", "r-19c04e7719c04e77");
  response.mutable_records(0)->mutable_decoded()->set_outcome("SQL_FAILED");
  add(4700, "person:alice", "plan.approve", "p-7f3a91c2ffffffff");
  return response;
}

TEST(ListsTest, TheAuditLogSaysWho) {
  EXPECT_EQ(RenderEntries(ALook(), Entries()),
            R"(ENTRY  TIME (+01)       WHO                   ACTION               SUBJECT
4,811  Nov 24 09:12:44  agent rental-manager  run.end: SQL_FAILED  r-19c04e77
4,700  Nov 24 09:12:44  alice                 plan.approve         p-7f3a91c2
)");
  const std::string narrow = RenderEntries(ALook(50), Entries());
  ExpectFits(narrow, 50);
  EXPECT_NE(narrow.find("r-19c04e77"), std::string::npos) << narrow;
  EXPECT_NE(narrow.find("09:12:44"), std::string::npos) << narrow;
}

TEST(ListsTest, AnEnvironmentsRulesAreWrappedNotCut) {
  v1::ListEnvironmentsResponse response;
  auto* environment = response.add_environments();
  environment->set_name("production");
  environment->add_targets("rental-manager");
  environment->set_may_plan(true);
  environment->set_rules_summary("2 approvals from different groups of dba, product; hold 2 s");
  const std::string page = RenderEnvironments(ALook(60), response);
  ExpectFits(page, 60);
  EXPECT_NE(page.find("hold 2 s"), std::string::npos) << page;
  EXPECT_EQ(page.find("…"), std::string::npos) << page;
}

}  // namespace
}  // namespace resetctl::client
