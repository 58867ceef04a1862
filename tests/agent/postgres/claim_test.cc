#include "agent/postgres/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/postgres/ledger.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/signed_log.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ClaimTest : public ::testing::Test {
 protected:
  v1::Reason Reason(const absl::StatusOr<int64_t>& claim) {
    return claim.ok() ? v1::REASON_UNSPECIFIED : contract::ReasonOf(claim.status());
  }
  support::TestDatabase db = support::TestDatabase::Create();
  PostgresTarget target{base::Secret(db.OwnerUrl()), "staging", "shop"};
  PostgresTarget other{base::Secret(db.OwnerUrl()), "staging", "shop"};  // another agent
  const ClaimOrder first = {"r-1", "sha256:plan", "nonce-1", "alice"};
  const ClaimOrder second = {"r-2", "sha256:plan", "nonce-2", "alice"};
};

TEST_F(ClaimTest, MakesTheSchemaAndRaisesTheFenceByOne) {
  ASSERT_EQ(*target.Claim(first), 1);
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
  ASSERT_EQ(*target.Claim(second), 2);
  EXPECT_EQ(db.Scalar("select environment || '/' || target || ' ' || fence from resetctl.target"),
            "staging/shop 2");
  EXPECT_EQ(db.Scalar("select ended_as from resetctl.claim where run = 'r-1'"), "ROLLED_BACK");
}

// ---- what was seen of the audit log

v1::SeenLog SeenOf(const test::SignedLog& log) {
  v1::SeenLog seen;
  seen.set_log_key(log.verifier());
  seen.set_checkpoint(log.Note());
  return seen;
}

TEST_F(ClaimTest, KeepsWhatWasSeenOfTheAuditLog) {
  EXPECT_FALSE(target.Check()->seen_log) << "nothing is made before a claim";
  test::SignedLog log;
  log.Grow(7);
  ClaimOrder order = first;
  order.seen_log = SeenOf(log);
  ASSERT_TRUE(target.Claim(order).ok());
  EXPECT_EQ(db.Scalar("select origin || ' ' || size from resetctl.witness"),
            "resetctl.controller/main 7");
  EXPECT_EQ(target.Check()->seen_log->checkpoint(), log.Note());
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());

  // One row, the newest; a claim that knows of none leaves it.
  log.Grow(5);
  order = second;
  order.seen_log = SeenOf(log);
  ASSERT_TRUE(target.Claim(order).ok());
  ASSERT_TRUE(target.CloseClaim("r-2", "ROLLED_BACK").ok());
  ASSERT_TRUE(target.Claim({"r-3", "sha256:plan", "nonce-3", "alice"}).ok());
  EXPECT_EQ(other.Check()->seen_log->checkpoint(), log.Note());
  EXPECT_EQ(other.Check()->seen_log->log_key(), log.verifier());
}

TEST_F(ClaimTest, KeepsNothingOfTheAuditLogWhenTheClaimIsRefused) {
  test::SignedLog log;
  ASSERT_TRUE(target.Claim(first).ok());
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
  ClaimOrder again = second;
  again.nonce = first.nonce;
  again.seen_log = SeenOf(log.Grow(7));
  EXPECT_EQ(Reason(target.Claim(again)), v1::REASON_STATEMENT_REPLAYED);
  EXPECT_FALSE(target.Check()->seen_log);
}

// Made by a version that knew of no witnesses.
TEST_F(ClaimTest, MakesTheWitnessTableInAnOlderSchema) {
  ASSERT_TRUE(target.Claim(first).ok());
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
  db.Execute("drop table resetctl.witness");
  EXPECT_FALSE(target.Check()->seen_log);
  test::SignedLog log;
  ClaimOrder order = second;
  order.seen_log = SeenOf(log.Grow(7));
  ASSERT_TRUE(target.Claim(order).ok());
  EXPECT_EQ(db.Scalar("select size from resetctl.witness"), "7");
}

TEST_F(ClaimTest, TellsARowThatItDidNotWrite) {
  ASSERT_TRUE(target.Claim(first).ok());
  db.Execute(
      "insert into resetctl.witness (origin, size, root, log_key, checkpoint) "
      "values ('x', 1, 'x', 'x', 'no base64')");
  EXPECT_EQ(contract::ReasonOf(target.Check().status()), v1::REASON_LEDGER_DISAGREES);
}

TEST_F(ClaimTest, UsesUpTheNonce) {
  ASSERT_TRUE(target.Claim(first).ok());
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
  ClaimOrder again = second;
  again.nonce = first.nonce;
  EXPECT_EQ(Reason(target.Claim(again)), v1::REASON_STATEMENT_REPLAYED);
  EXPECT_EQ(Reason(target.Claim(first)), v1::REASON_STATEMENT_REPLAYED);
  EXPECT_EQ(db.Scalar("select fence from resetctl.target"), "1");
}

TEST_F(ClaimTest, RefusesASecondRunUntilTheFirstIsOver) {
  ASSERT_TRUE(target.Claim(first).ok());
  EXPECT_EQ(Reason(target.Claim(second)), v1::REASON_TARGET_BUSY);
  ASSERT_TRUE(target.CloseClaim("r-1", "CANCELLED").ok());
  EXPECT_TRUE(target.Claim(second).ok());
}

TEST_F(ClaimTest, RefusesTheRunOfAnotherAgentAndNamesTheFirst) {
  ASSERT_TRUE(target.Claim(first).ok());
  const absl::StatusOr<int64_t> claim = other.Claim(second);
  EXPECT_EQ(Reason(claim), v1::REASON_TARGET_BUSY);
  EXPECT_THAT(contract::ProblemOf(claim.status()).message(), HasSubstr("r-1"));
}

TEST_F(ClaimTest, GoesOnAfterTheClaimOfAnAgentThatDied) {
  {
    PostgresTarget dead(base::Secret(db.OwnerUrl()), "staging", "shop");
    ASSERT_TRUE(dead.Claim(first).ok());
  }
  Await(db,
        "select count(*) = 0 from pg_locks where locktype = 'advisory' and database = "
        "(select oid from pg_database where datname = current_database())");
  EXPECT_EQ(*target.Claim(second), 2);
  EXPECT_THAT(*target.OpenClaims(), ElementsAre("r-1", "r-2"));
}

TEST_F(ClaimTest, RefusesADatabaseThatIsMarkedAsAnotherTarget) {
  ASSERT_TRUE(target.Claim(first).ok());
  ASSERT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
  PostgresTarget production(base::Secret(db.OwnerUrl()), "production", "shop");
  const absl::StatusOr<int64_t> claim = production.Claim(second);
  EXPECT_EQ(Reason(claim), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_THAT(contract::ProblemOf(claim.status()).message(), HasSubstr("staging/shop"));
}

TEST_F(ClaimTest, SaysWhatIsMissingToMakeTheSchema) {
  db.ExecuteAsSuperuser("revoke create on database " + db.name() + " from public");
  const std::string role = db.CreateRole("poor");
  PostgresTarget poor(base::Secret(db.UrlFor(role)), "staging", "shop");
  const absl::StatusOr<int64_t> claim = poor.Claim(first);
  EXPECT_EQ(Reason(claim), v1::REASON_PRIVILEGE_MISSING);
  EXPECT_THAT(contract::ProblemOf(claim.status()).advice(), HasSubstr("create schema resetctl"));
}

TEST_F(ClaimTest, HasNoOpenClaimsBeforeTheFirst) {
  EXPECT_THAT(*target.OpenClaims(), IsEmpty());
  EXPECT_TRUE(target.CloseClaim("r-1", "ROLLED_BACK").ok());
}

TEST_F(ClaimTest, CheckTellsMarkerAndPrivileges) {
  absl::StatusOr<DatabaseCheck> check = target.Check();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_FALSE(check->schema_exists);
  EXPECT_TRUE(check->may_create_schema);
  EXPECT_FALSE(check->superuser);
  EXPECT_EQ(check->role, db.owner());
  EXPECT_EQ(check->identity.database_name(), db.name());
  EXPECT_NE(check->identity.system_identifier(), "");
  ASSERT_TRUE(target.Claim(first).ok());
  check = target.Check();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->marker_environment, "staging");
  EXPECT_NE(check->identity.marker(), "");
  EXPECT_FALSE(check->ledger_has_runs);
}

class LedgerTest : public ClaimTest {};

TEST_F(LedgerTest, AnswersNotCommittedForAClaimThatWentNowhere) {
  ASSERT_TRUE(target.Claim(first).ok());
  EXPECT_EQ(target.AskLedger("r-1").answer, LedgerAnswer::kNotCommitted);
}

TEST_F(LedgerTest, IsNotCertainWithoutAClaim) {
  LedgerReading reading = target.AskLedger("r-9");
  EXPECT_EQ(reading.answer, LedgerAnswer::kNotCertain);
  EXPECT_TRUE(reading.no_claim);
  ASSERT_TRUE(target.Claim(first).ok());
  reading = target.AskLedger("r-9");
  EXPECT_EQ(reading.answer, LedgerAnswer::kNotCertain);
  EXPECT_TRUE(reading.no_claim);
}

TEST_F(LedgerTest, IsNotCertainOnAnotherServer) {
  ASSERT_TRUE(target.Claim(first).ok());
  db.Execute("update resetctl.claim set system_identifier = '1'");
  EXPECT_EQ(target.AskLedger("r-1").answer, LedgerAnswer::kNotCertain);
}

TEST_F(LedgerTest, TheAnswerClosesTheClaimSoThatNobodyElseCanCarryItOut) {
  const absl::StatusOr<int64_t> fence = target.Claim(first);
  ASSERT_TRUE(fence.ok()) << fence.status();
  // Another process, with another journal, asks before the run's transaction has begun.
  EXPECT_EQ(other.AskLedger("r-1").answer, LedgerAnswer::kNotCommitted);
  const auto session = Session::Connect(base::Secret(db.OwnerUrl()));
  ASSERT_TRUE(session.ok()) << session.status();
  ResetOrder order;
  order.run_id = first.run_id;
  order.plan_digest = first.plan_digest;
  order.fence = *fence;
  EXPECT_EQ(contract::ReasonOf(CheckFence(**session, order)), v1::REASON_FENCED);
}

TEST_F(LedgerTest, IsNotCertainWhileTheRunsTransactionIsOpen) {
  ASSERT_TRUE(target.Claim(first).ok());
  auto session = Session::Connect(base::Secret(db.OwnerUrl()));
  ASSERT_TRUE((*session)->Execute("begin").ok());
  ASSERT_TRUE(*TryRunLock(**session, "r-1"));
  const LedgerReading reading = target.AskLedger("r-1");
  EXPECT_EQ(reading.answer, LedgerAnswer::kNotCertain);
  EXPECT_THAT(reading.why, HasSubstr("still open"));
  ASSERT_TRUE((*session)->Execute("rollback").ok());
  EXPECT_EQ(target.AskLedger("r-1").answer, LedgerAnswer::kNotCommitted);
}

TEST_F(LedgerTest, IsNotCertainWhenTheServerIsAway) {
  PostgresTarget away(base::Secret("postgresql://u:p@127.0.0.1:1/d"), "staging", "shop");
  EXPECT_EQ(away.AskLedger("r-1").answer, LedgerAnswer::kNotCertain);
  EXPECT_FALSE(away.AskLedger("r-1").no_claim);
}

}  // namespace
}  // namespace resetctl::agent
