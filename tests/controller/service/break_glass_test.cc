#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;
using testing::HasSubstr;

// Production is frozen, its windows are shut, and it takes one approval of dba; carol (guests) may break the glass with one
// approval of another guest or bob.
class BreakGlassTest : public testing::Test {
 protected:
  BreakGlassTest() {
    const std::string yaml = absl::StrReplaceAll(
        PolicyYaml(), {{"    hold: 5s\n",
                        "    windows: ['Sun 02:00-02:01 UTC']\n    break_glass: {groups: [guests], "
                        "approvals: 1}\n"},
                       {"], groups: [dba]}\n  carol", "], groups: [dba, guests]}\n  carol"},  // bob
                       {"    read: [dba]\n", "    read: [dba, guests]\n"}});
    contract::PolicyReading reading = contract::ReadPolicy(yaml, "policy.yaml");
    EXPECT_TRUE(reading.ok()) << contract::ToStatus(reading);
    house.policy.Set(std::move(reading.policy));
    agent = house.Attach("production");
    plan = house.MakePlan("alice", agent);
  }

  absl::StatusOr<v1::StartRunResponse> Break(const std::string& person,
                                             const std::string& reason = "the shop is down") {
    v1::StartRunRequest request;
    request.set_plan_id(plan.id());
    request.set_detach(true);
    *request.mutable_run_statement() =
        Sign(person,
             contract::StatementBuilder(contract::StatementType::kRun)
                 .Set("plan", contract::DigestOfPlanId(plan.id()))
                 .Set("environment", "production")
                 .Set("target", "shop")
                 .Set("phrase", kPhrase)
                 .Set("break-glass", reason)
                 .SetTime("start-before", house.clock.Now() + absl::Minutes(10)),
             house.clock.Now());
    return house.runs.Start(house.As(person), request);
  }
  void Approve(const std::string& person) {
    const auto decided =
        house.approvals.Decide(house.As(person), house.Decision(person, plan, "approve"));
    ASSERT_TRUE(decided.ok()) << decided.status();
  }
  absl::StatusOr<v1::ReviewRunResponse> Review(const std::string& person, const std::string& run) {
    v1::ReviewRunRequest request;
    request.set_run_id(run);
    request.set_note("agreed");
    *request.mutable_admin_statement() =
        SignAdmin(person, contract::ReviewAction(run, "agreed"), house.clock.Now());
    return house.reviews.Review(house.As(person), request);
  }

  House house;
  House::Attached agent;
  v1::Plan plan;
};

TEST_F(BreakGlassTest, SkipsApprovalsWindowAndFreezeAndNothingElse) {
  Approve("bob");
  EXPECT_EQ(
      ReasonOf(
          house.runs.Start(house.As("alice"), house.RunRequest("alice", plan, kPhrase)).status()),
      v1::REASON_OUTSIDE_WINDOW);
  const auto started = Break("carol");
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->run().break_glass(), "the shop is down");
  EXPECT_THAT(agent.mail->Last(v1::AttachResponse::kOffer).offer().run_statement().text(),
              HasSubstr("break-glass: the shop is down\n"));
}

TEST_F(BreakGlassTest, TakesTheApprovalOfAnotherInItsGroups) {
  EXPECT_EQ(ReasonOf(Break("carol").status()), v1::REASON_APPROVALS_MISSING);
  Approve("bob");
  EXPECT_EQ(ReasonOf(Break("bob").status()), v1::REASON_APPROVALS_MISSING);  // his own
  EXPECT_TRUE(Break("carol").ok());
}

TEST_F(BreakGlassTest, IsForThoseWhomTheRulesName) {
  Approve("bob");
  EXPECT_EQ(ReasonOf(Break("alice").status()), v1::REASON_ROLE_MISSING);
  house.policy.Set(contract::ReadPolicy(PolicyYaml(), "policy.yaml").policy);
  plan = house.MakePlan("alice", agent);
  EXPECT_EQ(ReasonOf(Break("alice").status()), v1::REASON_NOT_BREAK_GLASS);
}

TEST_F(BreakGlassTest, APlanThatWasNotApprovedWaitsAgainWhenNothingWasChanged) {
  Approve("bob");
  v1::DecidePlanRequest back = house.Decision("bob", plan, "unapprove");
  const auto started = Break("carol");
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_RUNNING);
  house.Accept(agent, started->run().id());
  house.Report(agent, started->run().id(), v1::RUN_STATE_ROLLED_BACK, v1::REASON_SQL_FAILED);
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_APPROVED);  // bob is dba, and approved
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), back).ok());
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_PENDING_APPROVAL);
}

TEST_F(BreakGlassTest, TheNextOneWaitsForTheReviewOfTheLast) {
  Approve("bob");
  const std::string run = Break("carol")->run().id();
  EXPECT_EQ(ReasonOf(Review("alice", run).status()), v1::REASON_WRONG_STATE);  // still going on
  house.Accept(agent, run);
  house.Report(agent, run, v1::RUN_STATE_COMMITTED);
  house.Report(agent, run, v1::RUN_STATE_SUCCEEDED);

  plan = house.MakePlan("alice", agent);
  Approve("bob");
  const auto refused = Break("carol");
  EXPECT_EQ(ReasonOf(refused.status()), v1::REASON_REVIEW_MISSING);
  EXPECT_THAT(contract::ProblemOf(refused.status()).advice(), HasSubstr("resetctl audit review"));
  EXPECT_EQ(ReasonOf(Review("carol", run).status()), v1::REASON_ROLE_MISSING);  // no admin
  const auto reviewed = Review("alice", run);
  ASSERT_TRUE(reviewed.ok()) << reviewed.status();
  EXPECT_EQ(reviewed->run().reviewer(), "alice");
  EXPECT_EQ(ReasonOf(Review("bob", run).status()), v1::REASON_WRONG_STATE);
  EXPECT_TRUE(Break("carol").ok());
  EXPECT_THAT(house.Log(), Contains("run.review ok"));
}

TEST_F(BreakGlassTest, AnOrdinaryRunNeedsNoReview) {
  const std::string ordinary = "r-0000000000000001";
  RunRecord run = ARun(*house.store.GetPlan(plan.id()), ordinary);
  run.state = v1::RUN_STATE_SUCCEEDED;
  ASSERT_TRUE(house.store
                  .Commit(Change().Add(InsertRun{run}),
                          AuditTrail(EntryBySystem({.action = "test"}, house.clock.Now())))
                  .ok());
  EXPECT_EQ(ReasonOf(Review("alice", ordinary).status()), v1::REASON_WRONG_STATE);
}

}  // namespace
}  // namespace resetctl::controller
