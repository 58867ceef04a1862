// A database that moves to another server while a run is open: what the old server knew of it, nobody can ask any more.
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

class MovedServerTest : public GatedShopTest {
 protected:
  // As a dump leaves it: the same tables and rows, our own among them, on a server that is another one.
  void Move(const std::string& environment) {
    moved_.emplace(TestDatabase::CreateIn(other_));
    const std::string copy = "pg_dump --no-owner --no-privileges '" +
                             Database(environment).SuperuserUrl() + "' | psql -qX -o /dev/null '" +
                             moved_->OwnerUrl() + "'";
    ASSERT_EQ(std::system(copy.c_str()), 0);
  }

  PostgresCluster other_{{.settings = {}, .own_identity = true}};
  std::optional<TestDatabase> moved_;
};

TEST_F(MovedServerTest, ARunIsUnknownThereUntilASignedRebind) {
  Open("staging");
  RunAtGate at = RunToTheGate();
  stack_->AgentOf("staging").Kill();
  OpenGate(at.gate);
  Move("staging");
  stack_->StartAgent("staging", {{"DATABASE_URL", moved_->OwnerUrl()}});
  stack_->AwaitAgent("staging");
  AwaitState(at.run, "RUN_STATE_UNKNOWN");
  Await("the way out to be named", [&] {
    return As("alice", {"show", at.run}).both().find("target rebind") != std::string::npos &&
           As("alice", {"doctor"}).both().find("target rebind") != std::string::npos;
  });

  const Said bound = As("alice", {"target", "rebind", "staging/shop", "--yes"});
  EXPECT_EQ(bound.exit_code, 0) << bound.both();
  AwaitState(at.run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(moved_->Scalar("select count(*) from items"), "1000");
  const std::string again = stack_->Plan("alice", Blueprint(), "staging");
  const Said said = As("alice", {"run", again});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_EQ(moved_->Scalar("select count(*) from items"), "0");
}

}  // namespace
}  // namespace resetctl::support
