#include "tests/controller/store/store_conformance.h"

namespace resetctl::controller {
namespace {

// ---- runs

TEST_P(StoreTest, KeepsEveryFieldOfARun) {
  const PlanRecord plan = StoredPlan();
  RunRecord run = StoredRun(ARun(plan));
  EXPECT_EQ(run.version, 1);
  EXPECT_FALSE(run.problem || run.result || run.start_time || run.end_time);
  run.state = v1::RUN_STATE_OFFERED;
  run.problem.emplace().set_message("why");
  run.result.emplace().set_rows_cleared(250000);
  run.start_time = Start() + absl::Seconds(5);
  run.end_time = Start() + absl::Seconds(9);
  run.fence = 7;
  run.cancel_requested = true;
  run.cancel_person = "bob";
  run.detached = true;
  run.resume_statement.set_text("resetctl-resume-v1\n");
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  const RunRecord read = *store_->GetRun("r-00000000000000a1");
  EXPECT_EQ(read.version, 2);
  EXPECT_EQ(read.plan_id, plan.id);
  EXPECT_EQ(read.runner, "alice");
  EXPECT_EQ(read.runner_key_fingerprint, FingerprintOf("alice"));
  EXPECT_EQ(read.run_statement.text(), "resetctl-run-v1\n");
  EXPECT_EQ(read.resume_statement.text(), "resetctl-resume-v1\n");
  EXPECT_EQ(read.hold_until, Start());
  EXPECT_EQ(read.start_before, Start() + absl::Hours(1));
  EXPECT_EQ(read.state, v1::RUN_STATE_OFFERED);
  EXPECT_EQ(read.problem->message(), "why");
  EXPECT_EQ(read.result->rows_cleared(), 250000);
  EXPECT_EQ(read.start_time, run.start_time);
  EXPECT_EQ(read.end_time, run.end_time);
  EXPECT_EQ(read.fence, 7);
  EXPECT_TRUE(read.cancel_requested && read.detached);
  EXPECT_EQ(read.cancel_person, "bob");
}

TEST_P(StoreTest, LetsOneRunAtATimeWorkOnATarget) {
  const PlanRecord plan = StoredPlan();
  RunRecord first = StoredRun(ARun(plan));
  EXPECT_EQ(contract::ReasonOf(Commit(InsertRun{ARun(plan, "r-00000000000000a2")})),
            v1::REASON_TARGET_BUSY);
  const PlanRecord elsewhere = StoredPlan(APlan().For("staging").Document("elsewhere"));
  EXPECT_TRUE(Commit(InsertRun{ARun(elsewhere, "r-00000000000000a3")}).ok());
  first.state = v1::RUN_STATE_CANCELLED;
  ASSERT_TRUE(Commit(UpdateRun{first}).ok());
  EXPECT_TRUE(Commit(InsertRun{ARun(plan, "r-00000000000000a2")}).ok());
}

TEST_P(StoreTest, DoesNotResumeBesideAnotherRun) {
  const PlanRecord plan = StoredPlan();
  RunRecord run = ARun(plan);
  run.state = v1::RUN_STATE_NEEDS_ATTENTION;
  run = StoredRun(run);
  ASSERT_TRUE(Commit(InsertRun{ARun(plan, "r-00000000000000a2")}).ok());
  run.state = v1::RUN_STATE_COMMITTED;
  EXPECT_EQ(contract::ReasonOf(Commit(UpdateRun{run})), v1::REASON_TARGET_BUSY);
}

TEST_P(StoreTest, RefusesAnIllegalOrStaleMoveOfARun) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  RunRecord jump = run;
  jump.state = v1::RUN_STATE_SUCCEEDED;
  EXPECT_EQ(contract::ReasonOf(Commit(UpdateRun{jump})), v1::REASON_WRONG_STATE);
  run.state = v1::RUN_STATE_OFFERED;
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  run.state = v1::RUN_STATE_CANCELLED;
  EXPECT_TRUE(absl::IsAborted(Commit(UpdateRun{run})));
}

TEST_P(StoreTest, NotesTheAuditEntryThatRecordedTheEnd) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  run.state = v1::RUN_STATE_CANCELLED;
  run.audit_entry = kThisCommit;
  const CommitReceipt receipt =
      *store_->Commit(Change().Add(UpdateRun{run}), AuditTrail(AnEntry("run.end")));
  EXPECT_EQ(receipt.first_audit_index, 2u);
  EXPECT_EQ(store_->GetRun(run.id)->audit_entry, 2u);
}

TEST_P(StoreTest, FiltersRuns) {
  const PlanRecord plan = StoredPlan();
  RunRecord old = ARun(plan);
  old.state = v1::RUN_STATE_SUCCEEDED;
  StoredRun(old);
  StoredRun(ARun(plan, "r-00000000000000a2"));
  RunFilter active;
  active.states = {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED};
  active.environments = {"production"};
  active.plan_id = plan.id;
  ASSERT_EQ(store_->ListRuns(active, {})->items.size(), 1u);
  EXPECT_EQ(store_->ListRuns(active, {})->items[0].id, "r-00000000000000a2");
  EXPECT_EQ(store_->ListRuns({}, {})->items.size(), 2u);
  EXPECT_EQ(contract::ReasonOf(store_->GetRun("r-0000").status()), v1::REASON_AMBIGUOUS_ID);
}

// ---- events

TEST_P(StoreTest, KeepsEachEventOnce) {
  const RunRecord run = StoredRun(ARun(StoredPlan()));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 1)}, AppendEvent{Event(run, 2)}).ok());
  const uint64_t size = LogSize();
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(AppendEvent{Event(run, 2)})));
  EXPECT_EQ(LogSize(), size);
  EXPECT_TRUE(absl::IsDataLoss(Commit(AppendEvent{Event(run, 2, "another story")})));
  EXPECT_TRUE(absl::IsOutOfRange(Commit(AppendEvent{Event(run, 4)})));
  EXPECT_TRUE(absl::IsOutOfRange(Commit(AppendEvent{Event(run, 0)})));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 3)}).ok());
  const std::vector<v1::RunEvent> events = *store_->ListEvents(run.id, 1, 100);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].seq(), 2u);
  EXPECT_EQ(store_->ListEvents(run.id, 0, 1)->size(), 1u);
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 3u);
}

TEST_P(StoreTest, EventsDoNotDisturbWhoMovesTheRun) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 1)}).ok());
  run.state = v1::RUN_STATE_OFFERED;
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 1u);
}

TEST_P(StoreTest, RefusesAnEventOfNoRun) {
  EXPECT_TRUE(absl::IsNotFound(Commit(AppendEvent{Event(ARun(APlan().Build()), 1)})));
}

}  // namespace
}  // namespace resetctl::controller
