// A failover to a standby that lagged: what the agent knows of a run, and what the new primary knows of it (TRUST §5).
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/postgres/ledger.h"
#include "agent/postgres/session.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/await.h"

namespace resetctl::agent {
namespace {

class FailoverTest : public ::testing::Test {
 protected:
  FailoverTest() {
    support::PostgresCluster::Options following;
    following.primary = &primary;
    standby = std::make_unique<support::PostgresCluster>(following);
  }

  void AwaitReplay() {
    const std::string end = it.db.Scalar("select pg_current_wal_flush_lsn()");
    support::Await("the standby to have replayed", [&] {
      return support::TestConnection(standby->SuperuserUrl())
                 .Scalar("select pg_last_wal_replay_lsn() >= '" + end + "'") == "t";
    });
  }
  // From now on the standby hears of nothing.
  void LetItLag() {
    support::TestConnection there(standby->SuperuserUrl());
    there.Execute("alter system set primary_conninfo = ''");
    there.Execute("select pg_reload_conf()");
    support::Await("the standby to be alone",
                   [&] { return it.db.Scalar("select count(*) from pg_stat_replication") == "0"; });
  }
  // The primary is gone, the standby takes its place; the agent's target is there.
  void FailOver() {
    it.target.reset();
    primary.Stop();
    support::TestConnection(standby->SuperuserUrl()).Execute("select pg_promote()");
    it.target =
        std::make_unique<PostgresTarget>(base::Secret(UrlOfTheStandby()), "staging", "shop");
  }
  std::string UrlOfTheStandby() const {
    return absl::StrReplaceAll(it.db.OwnerUrl(), {{absl::StrCat(":", primary.port()),
                                                   absl::StrCat(":", standby->port())}});
  }

  support::PostgresCluster primary;
  ResetScenario it{primary};
  std::unique_ptr<support::PostgresCluster> standby;
};

TEST_F(FailoverTest, ACommitThatTheStandbyNeverSawIsKnownToBeLost) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  ASSERT_TRUE(it.target->Claim(claim).ok());
  AwaitReplay();
  LetItLag();
  it.db.Execute(
      absl::StrCat("insert into resetctl.ledger (run, plan, fence, xid, result) values ('",
                   claim.run_id, "', '", claim.plan_digest, "', 1, '7', '')"));
  EXPECT_EQ(it.target->AskLedger(claim.run_id).answer, LedgerAnswer::kCommitted);
  PostgresTarget lagging(base::Secret(UrlOfTheStandby()), "staging", "shop");
  const LedgerReading early = lagging.AskLedger(claim.run_id);
  EXPECT_EQ(early.answer, LedgerAnswer::kNotCertain);
  EXPECT_EQ(early.why, "the database is a standby");
  FailOver();
  EXPECT_EQ(it.target->AskLedger(claim.run_id).answer, LedgerAnswer::kOtherTimeline);
  // And whoever remembers the commit begins nothing there.
  ClaimOrder next = it.NextClaim();
  next.last_commit = claim.run_id;
  EXPECT_EQ(contract::ReasonOf(it.target->Claim(next).status()), v1::REASON_COMMIT_LOST);
}

TEST_F(FailoverTest, AClaimThatTheStandbyNeverSawIsMissedOnTheSameServer) {
  it.Plan();
  AwaitReplay();
  LetItLag();
  const ClaimOrder claim = it.NextClaim();
  ASSERT_TRUE(it.target->Claim(claim).ok());
  const std::string server = it.db.Scalar("select system_identifier from pg_control_system()");
  FailOver();
  const LedgerReading reading = it.target->AskLedger(claim.run_id);
  EXPECT_EQ(reading.answer, LedgerAnswer::kNotCertain);
  EXPECT_TRUE(reading.no_claim);
  EXPECT_EQ(reading.server, server);
}

TEST_F(FailoverTest, AClaimOfTheOldTimelineBeginsNoReset) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  const absl::StatusOr<int64_t> fence = it.target->Claim(claim);
  ASSERT_TRUE(fence.ok()) << fence.status();
  AwaitReplay();
  FailOver();
  const absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Connect(base::Secret(UrlOfTheStandby()));
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(contract::ReasonOf(CheckFence(**session, it.Order(claim, *fence))), v1::REASON_FENCED);
}

TEST_F(FailoverTest, AClaimThatWasClosedBeforeItIsNoLostCommit) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  ASSERT_TRUE(it.target->Claim(claim).ok());
  ASSERT_TRUE(it.target->CloseClaim(claim.run_id, "CANCELLED").ok());
  AwaitReplay();
  FailOver();
  EXPECT_EQ(it.target->AskLedger(claim.run_id).answer, LedgerAnswer::kNotCommitted);
}

}  // namespace
}  // namespace resetctl::agent
