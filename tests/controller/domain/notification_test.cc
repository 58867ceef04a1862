#include "controller/domain/notification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/domain/team.h"

namespace resetctl::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kRun[] = "r-00000000000000a1";

// An entry about a plan of production, which takes two approvals of distinct groups: bob or alice's dba, carol's product.
class NotificationTest : public testing::Test {
 protected:
  NotificationTest() { happening_.plan = ProductionPlan(); }

  v1::AuditEntry& Entry(const std::string& actor, const std::string& action,
                        const std::string& subject) {
    v1::AuditEntry& entry = happening_.entry;
    entry.mutable_time()->set_seconds(absl::ToUnixSeconds(Now()));
    entry.set_actor(actor);
    entry.set_action(action);
    entry.set_subject(subject);
    entry.set_environment("production");
    entry.set_target("rental-manager");
    entry.set_outcome("ok");
    return entry;
  }
  v1::AuditEntry& OfPlan(const std::string& person, const std::string& action) {
    return Entry("person:" + person, action, happening_.plan.id);
  }
  v1::AuditEntry& OfRun(const std::string& actor, const std::string& action) {
    happening_.run = ARun(happening_.plan, kRun);
    v1::AuditEntry& entry = Entry(actor, action, kRun);
    (*entry.mutable_evidence())["plan"] = happening_.plan.id;
    return entry;
  }
  // A move of the run that its agent reported.
  v1::AuditEntry& Moved(const std::string& state, const std::string& reason = "ok",
                        const std::string& detail = "") {
    v1::AuditEntry& entry = OfRun("agent:production/rental-manager", "run.end");
    (*entry.mutable_evidence())["state"] = state;
    entry.set_outcome(reason);
    entry.set_detail(detail);
    return entry;
  }
  std::optional<Notification> Told() { return NotificationOf(policy_, happening_); }

  Policy policy_ = Team();
  Happening happening_;
};

TEST_F(NotificationTest, APlanThatNeedsApprovalsNamesWhoMayGiveThem) {
  happening_.index = 7;
  OfPlan("alice", "plan.create");
  const std::optional<Notification> told = Told();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->id, 7u);
  EXPECT_EQ(told->event, NotificationEvent::kApprovalNeeded);
  EXPECT_EQ(told->time, Now());
  EXPECT_EQ(told->environment, "production");
  EXPECT_EQ(told->target, "rental-manager");
  EXPECT_EQ(told->plan, happening_.plan.id);
  EXPECT_EQ(told->run, "");
  EXPECT_EQ(told->person, "alice");
  EXPECT_EQ(told->state, "PENDING_APPROVAL");
  EXPECT_THAT(told->waiting_for, ElementsAre("bob", "carol"));
  EXPECT_THAT(told->text, HasSubstr("for production/rental-manager, which resets 250000 rows in 45 "
                                    "tables. Missing: 2 more approvals"));
  EXPECT_THAT(told->text, HasSubstr("; bob or carol may approve."));
}

TEST_F(NotificationTest, AnAlarmSaysWhichAgentAndWhy) {
  v1::AuditEntry& entry =
      Entry("agent:production/rental-manager", "witness.alarm", "production/rental-manager");
  entry.set_outcome("LOG_FORKED");
  entry.set_detail("the log has another history");
  const std::optional<Notification> told = Told();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->event, NotificationEvent::kAlarm);
  EXPECT_EQ(told->reason, "LOG_FORKED");
  EXPECT_EQ(told->plan, "");
  EXPECT_EQ(told->run, "");
  EXPECT_EQ(told->person, "");
  EXPECT_THAT(told->text, HasSubstr("production/rental-manager was shown another audit log"));
  EXPECT_THAT(told->text, HasSubstr(": the log has another history."));
}

TEST_F(NotificationTest, AnAlarmIsOverWhenItIsAcceptedOrGone) {
  v1::AuditEntry& entry =
      Entry("agent:production/rental-manager", "witness.alarm", "production/rental-manager");
  EXPECT_EQ(Told()->event, NotificationEvent::kAlarmOver);
  entry.set_action("witness.accept");
  (*entry.mutable_evidence())["alarm"] = "LOG_ROLLED_BACK";
  EXPECT_EQ(Told()->event, NotificationEvent::kAlarmOver);
  EXPECT_EQ(Told()->reason, "LOG_ROLLED_BACK");
}

TEST_F(NotificationTest, TwoAgentsOfOneIdentityAreAnAlarm) {
  v1::AuditEntry& entry =
      Entry("agent:production/rental-manager", "agent.turns", "production/rental-manager");
  entry.set_outcome("IDENTITY_CONFLICT");
  entry.set_detail("two programs take turns");
  const std::optional<Notification> told = Told();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->event, NotificationEvent::kAlarm);
  EXPECT_EQ(told->reason, "IDENTITY_CONFLICT");
  EXPECT_EQ(told->plan, "");
  EXPECT_EQ(told->text, "Alarm: two programs take turns.");
}

TEST_F(NotificationTest, AWitnesssNewKeyIsNobodysBusiness) {
  Entry("agent:production/rental-manager", "witness.key", "production/rental-manager");
  EXPECT_EQ(Told(), std::nullopt);
}

TEST_F(NotificationTest, APlanThatNeedsNoneIsNobodysBusiness) {
  happening_.plan = APlan().For("staging").Rules(Staging()).Build();
  OfPlan("dave", "plan.create");
  EXPECT_EQ(Told(), std::nullopt);
}

TEST_F(NotificationTest, SaysWhenNobodyIsLeftWhoMayApprove) {
  policy_ =
      PolicyBuilder().Person("alice", {"dba"}).Environment("production", Production()).Build();
  OfPlan("alice", "plan.create");
  EXPECT_THAT(Told()->text, HasSubstr("nobody is left who may approve."));
  EXPECT_THAT(Told()->waiting_for, IsEmpty());
}

TEST_F(NotificationTest, AnApprovalSaysWhatIsStillMissing) {
  happening_.approvals = BobAndCarol(happening_.plan);
  v1::AuditEntry& entry = OfPlan("bob", "plan.approve");
  *entry.mutable_statement() = happening_.approvals[0].statement;
  entry.set_detail("looks right");
  // Carol's has come since, and the plan has been run.
  happening_.plan.state = v1::PLAN_STATE_CONSUMED;
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kApproved);
  EXPECT_EQ(told->person, "bob");
  EXPECT_EQ(told->state, "PENDING_APPROVAL");
  EXPECT_EQ(told->reason, "looks right");
  EXPECT_THAT(told->waiting_for, ElementsAre("carol"));
  EXPECT_THAT(told->text, HasSubstr("Missing: 1 more approval"));
}

TEST_F(NotificationTest, TheLastApprovalSaysThatNothingIsMissing) {
  happening_.approvals = BobAndCarol(happening_.plan);
  *OfPlan("carol", "plan.approve").mutable_statement() = happening_.approvals[1].statement;
  EXPECT_EQ(Told()->state, "APPROVED");
  EXPECT_THAT(Told()->waiting_for, IsEmpty());
  EXPECT_THAT(Told()->text, HasSubstr("It has every approval that it needs."));
}

TEST_F(NotificationTest, AnApprovalThatIsTakenBackIsNeededAgain) {
  happening_.approvals = BobAndCarol(happening_.plan);
  happening_.approvals.push_back(ADecision(happening_.plan, "carol", "unapprove"));
  happening_.approvals.back().statement.set_text("taken back");
  OfPlan("carol", "plan.unapprove").mutable_statement()->set_text("taken back");
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kApprovalNeeded);
  EXPECT_THAT(told->text, HasSubstr("carol took back the approval of plan p-"));
  EXPECT_THAT(told->waiting_for, ElementsAre("carol"));
}

TEST_F(NotificationTest, ARejectionSaysWhy) {
  OfPlan("carol", "plan.reject").set_detail("the migration is not out yet.");
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kRejected);
  EXPECT_EQ(told->state, "REJECTED");
  EXPECT_EQ(told->reason, "the migration is not out yet.");
  EXPECT_THAT(told->text,
              HasSubstr("for production/rental-manager: the migration is not out yet."));
  EXPECT_THAT(told->text, Not(HasSubstr("..")));
}

TEST_F(NotificationTest, AStartNamesRunAndPlan) {
  OfRun("person:alice", "run.start");
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kRunStarted);
  EXPECT_EQ(told->run, kRun);
  EXPECT_EQ(told->plan, happening_.plan.id);
  EXPECT_EQ(told->person, "alice");
  EXPECT_EQ(told->state, "HELD");
  EXPECT_THAT(told->text, HasSubstr("alice started run r-00000000 of plan p-"));
}

TEST_F(NotificationTest, ABrokenGlassNamesWhoseApprovalWasSkipped) {
  happening_.approvals = {ADecision(happening_.plan, "carol", "approve", Now())};
  // Of somebody who approved after it, when it was too late.
  happening_.approvals.push_back(
      ADecision(happening_.plan, "bob", "approve", Now() + absl::Minutes(1)));
  (*OfRun("person:dave", "run.start").mutable_evidence())["break_glass"] = "the shop is down";
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kBreakGlass);
  EXPECT_EQ(told->reason, "the shop is down");
  EXPECT_THAT(told->waiting_for, ElementsAre("bob"));
  EXPECT_THAT(told->text, HasSubstr("dave broke the glass for run r-00000000 of plan p-"));
  EXPECT_THAT(told->text, HasSubstr(": the shop is down. It starts without the approval of bob."));
}

TEST_F(NotificationTest, WhoBreaksTheGlassWasNotSkipped) {
  (*OfRun("person:bob", "run.start").mutable_evidence())["break_glass"] = "the shop is down";
  EXPECT_THAT(Told()->waiting_for, ElementsAre("carol"));
}

TEST_F(NotificationTest, AGlassThatIsBrokenForTheWindowSkippedNobody) {
  happening_.approvals = BobAndCarol(happening_.plan);
  (*OfRun("person:dave", "run.start").mutable_evidence())["break_glass"] = "the shop is down";
  EXPECT_THAT(Told()->waiting_for, IsEmpty());
  EXPECT_THAT(Told()->text, HasSubstr("It has every approval that it needs."));
}

TEST_F(NotificationTest, ASuccessIsProved) {
  Moved("SUCCEEDED");
  const std::optional<Notification> told = Told();
  EXPECT_EQ(told->event, NotificationEvent::kRunEnded);
  EXPECT_EQ(told->person, "alice");  // who ordered it: no person did this
  EXPECT_EQ(told->reason, "");
  EXPECT_EQ(told->text,
            "Run r-00000000 at production/rental-manager succeeded: the reset is committed and "
            "proved.");
}

TEST_F(NotificationTest, AFailureSaysThatNothingWasChanged) {
  Moved("ROLLED_BACK", "SQL_FAILED", "sql/admin.sql:12 failed");
  EXPECT_EQ(Told()->event, NotificationEvent::kRunEnded);
  EXPECT_EQ(Told()->state, "ROLLED_BACK");
  EXPECT_EQ(Told()->reason, "SQL_FAILED");
  EXPECT_THAT(Told()->text,
              HasSubstr("was rolled back: sql/admin.sql:12 failed. Nothing was changed."));
  Moved("REFUSED", "FLOOR_REFUSES", "no");
  EXPECT_THAT(Told()->text, HasSubstr("was refused: no. Nothing was changed."));
}

TEST_F(NotificationTest, ACancelledRunHasEndedForWhoeverCancelledIt) {
  v1::AuditEntry& entry = Moved("CANCELLED", "CANCELLED", "cancelled by bob before it began");
  entry.set_action("run.cancel");
  entry.set_actor("person:bob");
  EXPECT_EQ(Told()->event, NotificationEvent::kRunEnded);
  EXPECT_EQ(Told()->person, "bob");
  EXPECT_THAT(Told()->text, HasSubstr(" was cancelled by bob before it began."));
}

TEST_F(NotificationTest, WhatIsNotOverNeedsAttention) {
  Moved("NEEDS_ATTENTION", "AFTER_STEP_FAILED", "Restart backend: exit code 1");
  EXPECT_EQ(Told()->event, NotificationEvent::kNeedsAttention);
  EXPECT_THAT(Told()->text, HasSubstr("is committed, but a later step needs attention: Restart"));
  Moved("UNKNOWN", "OUTCOME_UNKNOWN", "the agent is out of reach").set_action("run.unknown");
  EXPECT_EQ(Told()->event, NotificationEvent::kNeedsAttention);
  EXPECT_THAT(Told()->text, HasSubstr("has no known outcome yet: the agent is out of reach."));
}

TEST_F(NotificationTest, StepsOnTheWayAreNotTold) {
  for (const char* state : {"HELD", "OFFERED", "RUNNING", "COMMITTED", "what is to come"}) {
    Moved(state);
    EXPECT_EQ(EventOf(happening_.entry), std::nullopt) << state;
  }
}

TEST_F(NotificationTest, RefusedAttemptsAndOtherEntriesAreNotTold) {
  for (const char* action : {"plan.create", "plan.approve", "plan.reject"}) {
    OfPlan("alice", action).set_outcome("SELF_APPROVAL");
    EXPECT_EQ(EventOf(happening_.entry), std::nullopt) << action;
  }
  OfRun("person:alice", "run.start").set_outcome("OUTSIDE_WINDOW");
  EXPECT_EQ(EventOf(happening_.entry), std::nullopt);
  for (const char* action : {"login", "plan.withdraw", "run.event", "run.cancel", "run.review"}) {
    OfRun("person:alice", action);
    EXPECT_EQ(EventOf(happening_.entry), std::nullopt) << action;
  }
}

TEST_F(NotificationTest, EveryEventHasItsName) {
  for (const auto& [event, name] : kNotificationEvents) {
    EXPECT_EQ(NameOf(event), name);
    EXPECT_EQ(NotificationEventOf(name), event);
  }
  EXPECT_EQ(NotificationEventOf("run_begun"), std::nullopt);
}

}  // namespace
}  // namespace resetctl::controller
