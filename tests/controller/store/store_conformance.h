#ifndef RESETCTL_TESTS_CONTROLLER_STORE_STORE_CONFORMANCE_H_
#define RESETCTL_TESTS_CONTROLLER_STORE_STORE_CONFORMANCE_H_

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/controller/store/store_fixture.h"

namespace resetctl::controller {

// What every store promises (controller/service/store.h, change.h), in store_*_conformance_test.cc by subject. Runs on
// the fake and on SQLite.
class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreTest();

  absl::Status Commit(const Change& change) {
    return store_->Commit(change, AuditTrail(AnEntry("test"))).status();
  }
  template <typename... M>
  absl::Status Commit(M... mutations) {
    Change change;
    (change.Add(std::move(mutations)), ...);
    return Commit(change);
  }
  uint64_t LogSize() { return store_->GetCheckpoint()->size; }

  PlanRecord StoredPlan(PlanBuilder builder = APlan()) {
    const PlanRecord plan = builder.Build();
    EXPECT_TRUE(Commit(InsertPlan{plan, "bundle"}).ok());
    return *store_->GetPlan(plan.id);
  }
  RunRecord StoredRun(const RunRecord& run) {
    EXPECT_TRUE(Commit(InsertRun{run}).ok());
    return *store_->GetRun(run.id);
  }
  static v1::RunEvent Event(const RunRecord& run, uint64_t seq, const std::string& detail = "") {
    v1::RunEvent event;
    event.set_run_id(run.id);
    event.set_seq(seq);
    event.set_step(v1::STEP_KIND_CLEAR);
    event.set_detail(detail);
    return event;
  }

  TemporaryFolder folder_;
  LogKey key_;
  std::unique_ptr<Store> store_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_STORE_STORE_CONFORMANCE_H_
