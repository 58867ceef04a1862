// Stuck is impossible: every state of a plan and of a run names what to do next, on the page that `resetctl show` prints.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/plan_page.h"
#include "client/output/run_summary.h"
#include "gtest/gtest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

std::string PageOf(const v1::Run& run) {
  v1::GetRunResponse response;
  *response.mutable_run() = run;
  return RenderRunPage(ALook(), response);
}

TEST(NextStepTest, EveryStateOfAPlanHasOne) {
  const v1::PlanDocument document = ADocument();
  for (int state = v1::PlanState_MIN; state <= v1::PlanState_MAX; ++state) {
    if (!v1::PlanState_IsValid(state) || state == v1::PLAN_STATE_UNSPECIFIED) continue;
    v1::Plan plan = APlan(document);
    plan.set_state(static_cast<v1::PlanState>(state));
    plan.set_last_run_id("r-19c04e7700000000");
    const std::string page = RenderPlanPage(ALook(), plan, document);
    EXPECT_TRUE(absl::StrContains(page, "\nNext:  resetctl "))
        << v1::PlanState_Name(plan.state()) << "\n"
        << page;
  }
}

TEST(NextStepTest, EveryStateOfARunHasOne) {
  for (int state = v1::RunState_MIN; state <= v1::RunState_MAX; ++state) {
    if (!v1::RunState_IsValid(state) || state == v1::RUN_STATE_UNSPECIFIED) continue;
    const v1::Run run = ARun(APlan(ADocument()), static_cast<v1::RunState>(state));
    const std::string page = PageOf(run);
    EXPECT_TRUE(absl::StrContains(page, ":  resetctl ") || absl::StrContains(page, "\n  resetctl "))
        << v1::RunState_Name(run.state()) << "\n"
        << page;
  }
}

TEST(NextStepTest, OfARunWhoseAgentIsAwayItSaysSinceWhenAndWhatToDo) {
  for (const v1::RunState state : {v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING,
                                   v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_COMMITTED}) {
    v1::Run run = ARun(APlan(ADocument()), state);
    EXPECT_FALSE(absl::StrContains(PageOf(run), "Start its reset-agent"));
    run.set_agent_online(false);
    const std::string page = PageOf(run);
    EXPECT_TRUE(absl::StrContains(page, "away, last seen today 09:12 ")) << page;
    EXPECT_TRUE(absl::StrContains(page, "Start its reset-agent beside the database")) << page;
    EXPECT_TRUE(absl::StrContains(page, "\n  resetctl watch r-19c04e77")) << page;
  }
}

TEST(NextStepTest, AResumeIsNoWayOutOfALostCommit) {
  v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_NEEDS_ATTENTION);
  run.mutable_problem()->set_reason(v1::REASON_COMMIT_LOST);
  const std::string page = PageOf(run);
  EXPECT_FALSE(absl::StrContains(page, "resetctl resume")) << page;
  EXPECT_TRUE(absl::StrContains(
      page, absl::StrCat("resetctl target rebind ", run.target(), " --env ", run.environment())))
      << page;
}

}  // namespace
}  // namespace resetctl::client
