#include "agent/postgres/rebind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/postgres/claim.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/await.h"
#include "tests/support/signed_log.h"

namespace resetctl::agent {
namespace {

using contract::ReasonOf;
using ::testing::HasSubstr;

// Production's database, restored as staging's: marker, claims and ledger came with it.
class RebindTest : public ::testing::Test {
 protected:
  RebindTest() {
    EXPECT_TRUE(production.Claim({"r-1", "sha256:plan", "nonce-1", "alice"}).ok());
    EXPECT_TRUE(production.CloseClaim("r-1", "ROLLED_BACK").ok());
  }
  support::TestDatabase db = support::TestDatabase::Create();
  PostgresTarget production{base::Secret(db.OwnerUrl()), "production", "shop"};
  PostgresTarget staging{base::Secret(db.OwnerUrl()), "staging", "shop"};
};

TEST_F(RebindTest, MakesACopyThisTargetsOwn) {
  const std::string marker = db.Scalar("select marker from resetctl.target");
  const auto refused = staging.Claim({"r-2", "sha256:other", "nonce-2", "bob"});
  EXPECT_EQ(ReasonOf(refused.status()), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_THAT(contract::ProblemOf(refused.status()).advice(),
              HasSubstr("resetctl target rebind staging/shop"));

  const auto bound = staging.Rebind();
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_NE(bound->marker(), marker);
  EXPECT_EQ(bound->marker(), db.Scalar("select marker from resetctl.target"));
  EXPECT_EQ(db.Scalar("select environment || '/' || target from resetctl.target"), "staging/shop");
  EXPECT_EQ(*staging.Claim({"r-2", "sha256:other", "nonce-2", "bob"}), 2);
  EXPECT_FALSE(production.Claim({"r-3", "sha256:third", "nonce-3", "bob"}).ok());
}

TEST_F(RebindTest, ClosesClaimsThatWereOpenInTheOriginal) {
  db.Execute(
      "insert into resetctl.claim (run, plan, nonce, fence, runner, system_identifier, timeline) "
      "values ('r-9', 'sha256:nine', 'nonce-9', 9, 'alice', '1', 1)");
  ASSERT_TRUE(staging.Rebind().ok());
  EXPECT_EQ(db.Scalar("select ended_as from resetctl.claim where run = 'r-9'"), "REBOUND");
  EXPECT_EQ(db.Scalar("select ended_as from resetctl.claim where run = 'r-1'"), "ROLLED_BACK");
}

// What the original's agent saw of its controller's log binds nobody who was told to take the copy.
TEST_F(RebindTest, ForgetsWhatTheOriginalSawOfTheAuditLog) {
  test::SignedLog log;
  v1::SeenLog seen;
  seen.set_log_key(log.verifier());
  seen.set_checkpoint(log.Grow(7).Note());
  ClaimOrder order{"r-2", "sha256:other", "nonce-2", "bob"};
  order.seen_log = seen;
  ASSERT_TRUE(production.Claim(order).ok());
  ASSERT_TRUE(production.CloseClaim("r-2", "ROLLED_BACK").ok());
  ASSERT_TRUE(production.Check()->seen_log);
  ASSERT_TRUE(staging.Rebind().ok());
  EXPECT_FALSE(staging.Check()->seen_log);
}

TEST_F(RebindTest, LeavesADatabaseWithoutOurSchemaAsItIs) {
  support::TestDatabase fresh = support::TestDatabase::Create();
  PostgresTarget target(base::Secret(fresh.OwnerUrl()), "staging", "shop");
  const auto bound = target.Rebind();
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->marker(), "");
  EXPECT_EQ(fresh.Scalar("select count(*) from pg_namespace where nspname = 'resetctl'"), "0");
}

TEST_F(RebindTest, WaitsForNoRunThatIsAtWork) {
  support::TestConnection run = db.Connect();
  run.Execute("begin");
  auto session = Session::Connect(base::Secret(db.OwnerUrl()));
  ASSERT_TRUE((*session)->Execute("begin").ok());
  ASSERT_TRUE(*TryTargetLock(**session));
  EXPECT_EQ(ReasonOf(staging.Rebind().status()), v1::REASON_TARGET_BUSY);
  EXPECT_EQ(db.Scalar("select environment from resetctl.target"), "production");
}

// TRUST §6: a physical clone has equal identifiers and is another database all the same.
TEST(TwinLockTest, IsSeenInTheSameDatabaseAndNotInAClone) {
  support::PostgresCluster clone;  // clusters of tests are copies of one data folder
  support::TestDatabase one = support::TestDatabase::Create();
  support::TestDatabase copy = support::TestDatabase::CreateIn(clone);
  ASSERT_EQ(one.Scalar("select system_identifier from pg_control_system()"),
            copy.Scalar("select system_identifier from pg_control_system()"));

  constexpr int64_t kKey = -0x123456789abcdef;
  PostgresTarget holder(base::Secret(one.OwnerUrl()), "production", "shop");
  PostgresTarget same(base::Secret(one.OwnerUrl()), "staging", "shop");
  PostgresTarget cloned(base::Secret(copy.OwnerUrl()), "demo", "shop");
  ASSERT_TRUE(holder.HoldTwinLock(kKey).ok());
  EXPECT_TRUE(*same.SeesTwinLock(kKey));
  EXPECT_FALSE(*same.SeesTwinLock(kKey + 1));
  EXPECT_FALSE(*cloned.SeesTwinLock(kKey));
  // Another database of the same server is another one too.
  support::TestDatabase neighbour = support::TestDatabase::Create();
  PostgresTarget beside(base::Secret(neighbour.OwnerUrl()), "demo", "shop");
  EXPECT_FALSE(*beside.SeesTwinLock(kKey));
  ASSERT_TRUE(holder.HoldTwinLock(0).ok());
  EXPECT_FALSE(*same.SeesTwinLock(kKey));
}

// The controller chooses the key, and must not be able to stop an application by it, nor to look into it.
TEST(TwinLockTest, IsNoLockOfAnApplication) {
  support::TestDatabase db = support::TestDatabase::Create();
  constexpr int64_t kKey = 4711;
  PostgresTarget target(base::Secret(db.OwnerUrl()), "production", "shop");
  ASSERT_TRUE(target.HoldTwinLock(kKey).ok());
  support::TestConnection application = db.Connect();
  EXPECT_EQ(application.Scalar("select pg_try_advisory_lock(4711)"), "t");
  EXPECT_EQ(application.Scalar("select pg_try_advisory_lock(0, 4711)"), "t");
  ASSERT_TRUE(target.HoldTwinLock(0).ok());
  // The server ends the session in its own time.
  EXPECT_TRUE(support::ComesAbout([&] { return !*target.SeesTwinLock(kKey); }));
}

}  // namespace
}  // namespace resetctl::agent
