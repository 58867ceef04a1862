#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/contract/merkle.h"
#include "tests/controller/store/store_conformance.h"

namespace resetctl::controller {
namespace {

TEST_P(StoreTest, ManyWritersLoseNothingAndRepeatNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::vector<std::vector<uint64_t>> indexes(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &indexes] {
      for (int i = 0; i < kEach; ++i) {
        const RequestRecord request{"alice", "M", absl::StrFormat("%d-%d", t, i), "", "", Start()};
        const auto receipt = store_->Commit(Change().Add(InsertRequest{request}),
                                            AuditTrail(AnEntry("m", request.request_id)));
        if (receipt.ok()) indexes[t].push_back(receipt->first_audit_index);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& some : indexes) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), size_t{kThreads * kEach});
  EXPECT_EQ(LogSize(), uint64_t{kThreads * kEach});
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 1000))) {
    leaves.push_back(contract::LeafHash(entry.bytes));
  }
  EXPECT_EQ(store_->GetCheckpoint()->root, contract::MerkleRoot(leaves));
}

TEST_P(StoreTest, OfManyWhoReadTheSameVersionOneWrites) {
  const PlanRecord plan = StoredPlan();
  std::atomic<int> written = 0;
  std::atomic<int> aborted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      PlanRecord mine = plan;
      mine.state = v1::PLAN_STATE_APPROVED;
      const absl::Status status = Commit(UpdatePlan{mine});
      written += status.ok();
      aborted += absl::IsAborted(status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 1);
  EXPECT_EQ(aborted, 7);
  EXPECT_EQ(LogSize(), 2u);
}

TEST_P(StoreTest, OfManyRunsOrderedAtOnceOneGetsTheTarget) {
  const PlanRecord plan = StoredPlan();
  std::atomic<int> started = 0;
  std::atomic<int> busy = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const absl::Status status = Commit(InsertRun{ARun(plan, absl::StrFormat("r-%016x", t + 1))});
      started += status.ok();
      busy += contract::ReasonOf(status) == v1::REASON_TARGET_BUSY;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(started, 1);
  EXPECT_EQ(busy, 7);
}

TEST_P(StoreTest, ReadersSeeWholeCommits) {
  const RunRecord run = StoredRun(ARun(StoredPlan()));
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::thread reader([&] {
    while (!stop) {
      // Two events arrive with each commit: an odd number was never there.
      torn += static_cast<int>(store_->ListEvents(run.id, 0, 1000)->size() % 2);
    }
  });
  for (uint64_t seq = 1; seq < 100; seq += 2) {
    EXPECT_TRUE(Commit(AppendEvent{Event(run, seq)}, AppendEvent{Event(run, seq + 1)}).ok());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 100u);
}

}  // namespace
}  // namespace resetctl::controller
