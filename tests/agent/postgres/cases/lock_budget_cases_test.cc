// POSTGRES.md, "Locks and neighbours": one budget for all locks together, and who may be ended when it is over.
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/await.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

constexpr char kOurLocks[] =
    "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid where "
    "a.application_name = 'resetctl-agent' and a.datname = current_database() "
    "and l.mode in ('ExclusiveLock', 'AccessExclusiveLock') and l.locktype = 'relation'";

// lock_timeout is per lock: 2 s over five tables took 7 s. Each neighbour here goes away as soon as it has been waited for a
// second, so that no single wait is long, and all of them are more than three seconds.
TEST(LockBudgetCases, ItIsOneBudgetForAllTablesTogether) {
  ResetScenario it;
  it.rules.blockers_give_up_after = absl::Seconds(3);
  std::vector<support::TestConnection> holders;
  for (int i = 1; i <= 5; ++i) {
    it.db.Execute(absl::StrCat("create table t", i, " (id int); insert into t", i, " values (1)"));
    holders.push_back(it.db.Connect(absl::StrCat("holder ", i)));
    holders.back().Execute(absl::StrCat("begin; lock table t", i, " in row exclusive mode"));
  }
  it.Clear("[users, orders, 't*']").Plan();
  const auto before = it.Checksums();
  std::atomic<bool> over{false};
  std::atomic<int> released{0};
  std::thread leaving([&] {
    support::TestConnection witness(it.db.SuperuserUrl());
    while (released < 5 && !over) {
      const std::string waited =
          absl::StrCat("select exists (select from pg_locks where not granted and relation = 't",
                       released + 1, "'::regclass and clock_timestamp() - waitstart > '1 s')");
      if (!support::ComesAbout([&] { return over || witness.Scalar(waited) == "t"; })) return;
      if (!over) holders[static_cast<size_t>(released++)].Execute("rollback");
    }
  });
  const ResetOutcome outcome = it.Run();
  over = true;
  leaving.join();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_LOCK_TIMEOUT)
      << outcome.problem.ShortDebugString();
  EXPECT_THAT(outcome.problem.message(), HasSubstr("within 3s; blocked by pid "));
  EXPECT_THAT(outcome.problem.message(), HasSubstr("application holder "));
  EXPECT_GE(released, 1);  // single locks were waited for long enough
  EXPECT_LT(released, 5);
  EXPECT_EQ(it.db.Scalar(kOurLocks), "0");
  EXPECT_EQ(it.Checksums(), before);
}

// A session of the application that is at work, and not idle in its transaction.
class ActiveBlockerCases : public ::testing::Test {
 protected:
  ActiveBlockerCases() {
    it.Plan();
    application_ = std::thread([this] {
      try {
        support::TestConnection session(it.db.OwnerUrl(), "the shop");
        session.Execute("begin; lock table users in row exclusive mode; select pg_sleep(600)");
      } catch (const std::exception&) {
        ended_ = true;
      }
    });
    Await(it.db, absl::StrCat("select exists (select ", kShop, " and l.granted)"));
  }
  ~ActiveBlockerCases() override {
    it.db.Scalar(absl::StrCat("select pg_terminate_backend(a.pid) ", kShop));
    application_.join();
  }
  std::string Shops() { return it.db.Scalar(absl::StrCat("select count(*) ", kShop)); }

  static constexpr char kShop[] =
      "from pg_stat_activity a join pg_locks l on l.pid = a.pid where a.application_name = 'the "
      "shop' and a.state = 'active' and l.relation = 'public.users'::regclass";
  ResetScenario it;
  std::atomic<bool> ended_{false};

 private:
  std::thread application_;
};

TEST_F(ActiveBlockerCases, IsEndedWhereTheRulesSayTerminate) {
  it.rules.blockers_action = contract::BlockerAction::kTerminate;
  it.rules.blockers_give_up_after = absl::Seconds(60);
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  ASSERT_GE(outcome.result.warnings_size(), 1);
  EXPECT_THAT(outcome.result.warnings(0).message(), HasSubstr("application the shop (active"));
  EXPECT_EQ(Shops(), "0");
  EXPECT_TRUE(support::ComesAbout([&] { return ended_.load(); }));
}

TEST_F(ActiveBlockerCases, IsLeftAloneWhereOnlyIdleOnesMayBeEnded) {
  it.rules.blockers_action = contract::BlockerAction::kTerminateIdle;
  it.rules.blockers_give_up_after = absl::Seconds(3);
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_LOCK_TIMEOUT)
      << outcome.problem.ShortDebugString();
  EXPECT_THAT(outcome.problem.message(), HasSubstr("application the shop (active"));
  EXPECT_EQ(Shops(), "1");
  EXPECT_FALSE(ended_);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

}  // namespace
}  // namespace resetctl::agent
