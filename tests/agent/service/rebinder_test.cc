#include "agent/service/rebinder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/admin_action.h"
#include "proto/contract/reasons.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

class RebinderTest : public testing::Test {
 protected:
  v1::SignedStatement StatementBy(const std::string& person) {
    const AgentIdentity& self = stage.parts.identity;
    return StatementBy(person, contract::RebindAction(self.environment, self.target));
  }
  v1::SignedStatement StatementBy(const std::string& person, const contract::AdminAction& action) {
    return Words{contract::StatementType::kAdmin,
                 {{"verb", action.verb},
                  {"arguments", action.ArgumentsDigest()},
                  {"person", person},
                  {"time", contract::FormatStatementTime(stage.clock.Now())}},
                 person}
        .Sign();
  }
  v1::Reason Rebind(const v1::SignedStatement& statement) {
    v1::RebindOrder order;
    order.set_order_id("b-1");
    *order.mutable_admin_statement() = statement;
    Rebinder rebinder(stage.parts, stage.folder.path());  // a new process each time
    const v1::RebindReply reply = rebinder.Rebind(order);
    EXPECT_EQ(reply.order_id(), "b-1");
    return reply.problems().empty() ? v1::REASON_UNSPECIFIED : reply.problems(0).reason();
  }

  Stage stage;
};

TEST_F(RebinderTest, BindsDatabaseAndCacheAtTheWordOfWhomTheFloorLets) {
  EXPECT_EQ(Rebind(StatementBy("dana")), v1::REASON_FLOOR_REFUSES);
  EXPECT_EQ(Rebind(StatementBy("mallory")), v1::REASON_UNKNOWN_PERSON);
  EXPECT_THAT(stage.database.log, testing::IsEmpty());
  EXPECT_EQ(Rebind(StatementBy("alice")), v1::REASON_UNSPECIFIED);
  EXPECT_THAT(stage.database.log, testing::ElementsAre("rebind"));
  EXPECT_EQ(stage.cache.rebinds, 1);
}

TEST_F(RebinderTest, TheStatementIsAboutThisTargetAndThisVerb) {
  const AgentIdentity& self = stage.parts.identity;
  EXPECT_EQ(Rebind(StatementBy("alice", contract::RebindAction("staging", self.target))),
            v1::REASON_STATEMENT_MISMATCH);
  EXPECT_EQ(
      Rebind(StatementBy("alice", contract::RevokeAgentAction(self.environment, self.target))),
      v1::REASON_STATEMENT_MISMATCH);
  EXPECT_THAT(stage.database.log, testing::IsEmpty());
}

TEST_F(RebinderTest, AStatementIsGoodOnce) {
  const v1::SignedStatement first = StatementBy("alice");
  EXPECT_EQ(Rebind(first), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Rebind(first), v1::REASON_STATEMENT_REPLAYED);
  EXPECT_EQ(Rebind(StatementBy("alice")), v1::REASON_UNSPECIFIED);  // another of the same second
  EXPECT_EQ(Rebind(first), v1::REASON_STATEMENT_REPLAYED);
  stage.clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Rebind(first), v1::REASON_STATEMENT_REPLAYED);
  EXPECT_EQ(Rebind(StatementBy("alice")), v1::REASON_UNSPECIFIED);
  const v1::SignedStatement old = StatementBy("alice");
  stage.clock.Advance(absl::Hours(1));
  EXPECT_EQ(Rebind(old), v1::REASON_STATEMENT_EXPIRED);
}

TEST_F(RebinderTest, IsTheWayOutOfALostCommit) {
  ASSERT_TRUE(stage.commits.Lost("r-77").ok());
  EXPECT_EQ(Rebind(StatementBy("dana")), v1::REASON_FLOOR_REFUSES);
  EXPECT_EQ(contract::ReasonOf(stage.commits.Check()), v1::REASON_COMMIT_LOST);
  EXPECT_EQ(Rebind(StatementBy("alice")), v1::REASON_UNSPECIFIED);
  EXPECT_TRUE(stage.commits.Check().ok());
}

TEST_F(RebinderTest, LeavesTheCacheAloneWhereTheDatabaseRefuses) {
  stage.database.rebound = contract::Error(v1::REASON_TARGET_BUSY, "a run is at work");
  EXPECT_EQ(Rebind(StatementBy("alice")), v1::REASON_TARGET_BUSY);
  EXPECT_EQ(stage.cache.rebinds, 0);
}

}  // namespace
}  // namespace resetctl::agent
