// Where the agent keeps its own tables: in a schema that it makes, that the owner has made for it, or that the owner names.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kName[] = "Ops \"records\"";
constexpr char kQuoted[] = "\"Ops \"\"records\"\"\"";

class NamedSchemaTest : public ::testing::Test {
 protected:
  NamedSchemaTest() { it.OwnSchema(kName); }

  std::unique_ptr<PostgresTarget> Target() {
    return std::make_unique<PostgresTarget>(DatabaseAccess(base::Secret(it.db.OwnerUrl()), kName),
                                            "staging", "shop");
  }

  ResetScenario it;
};

TEST_F(NamedSchemaTest, HoldsClaimAndLedgerAndNothingIsElsewhere) {
  it.Plan();
  EXPECT_TRUE(it.plan.creates_resetctl_schema());
  EXPECT_EQ(it.plan.own_schema(), kName);
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar(std::string("select count(*) from ") + kQuoted + ".ledger"), "1");
  EXPECT_EQ(it.db.Scalar("select count(*) from pg_namespace where nspname = 'resetctl'"), "0");
  EXPECT_EQ(it.target->AskLedger(it.run_id).answer, LedgerAnswer::kCommitted);
  EXPECT_EQ(Target()->AskLedger(it.run_id).answer, LedgerAnswer::kCommitted);
  EXPECT_TRUE(it.target->Check()->ledger_has_runs);
  EXPECT_EQ(it.target->Check()->marker_target, "shop");
  it.Plan();
  EXPECT_FALSE(it.plan.creates_resetctl_schema());
  it.ExpectCommitted();
  EXPECT_EQ(it.plan.out_of_scope_schemas_size(), 0);
}

TEST_F(NamedSchemaTest, ARunThatChangedNothingIsKnownThere) {
  it.Sql("select 1/0;");
  it.ExpectRolledBack(v1::REASON_SQL_FAILED);
  EXPECT_EQ(it.target->AskLedger(it.run_id).answer, LedgerAnswer::kNotCommitted);
  ASSERT_TRUE(it.target->CloseClaim(it.run_id, "ROLLED_BACK").ok());
  EXPECT_THAT(*it.target->OpenClaims(), ElementsAre());
  ASSERT_TRUE(it.target->Rebind().ok());
}

TEST_F(NamedSchemaTest, IsNoneOfTheBlueprints) {
  it.db.Execute(std::string("create schema ") + kQuoted);
  it.Schemas("[public, 'Ops \"records\"']");
  EXPECT_THAT(it.Problems(), Contains(HasSubstr("UNSUPPORTED_RELATION")));
}

TEST_F(NamedSchemaTest, NoStepMayWriteThere) {
  it.Sql(std::string("update ") + kQuoted + ".target set fence = 99;");
  EXPECT_THAT(it.ExpectRolledBack(v1::REASON_KEPT_TABLE_TOUCHED).message(), HasSubstr(kName));
}

TEST_F(NamedSchemaTest, NotesLargeObjectsThere) {
  it.db.Execute(
      "create table documents (body oid); "
      "insert into documents select lo_create(0) from generate_series(1, 5)");
  it.Clear("[users, orders, documents]")
      .Postgres("large_objects: [{table: documents, column: body}]");
  EXPECT_EQ(it.ExpectCommitted().result.large_objects_removed(), 5);
}

// A role that owns its tables, and may not make schemas.
class PoorRoleTest : public ::testing::Test {
 protected:
  PoorRoleTest() {
    it.db.ExecuteAsSuperuser("revoke create on database " + it.db.name() + " from public");
    it.db.ExecuteAsSuperuser("alter database " + it.db.name() + " owner to postgres");
  }

  ResetScenario it;
};

TEST_F(PoorRoleTest, IsToldWhatTheOwnerMustSay) {
  EXPECT_THAT(it.WholeProblems()[0].advice(),
              HasSubstr("CREATE SCHEMA resetctl AUTHORIZATION " + it.db.owner()));
}

TEST_F(PoorRoleTest, UsesTheSchemaThatWasMadeForIt) {
  it.db.ExecuteAsSuperuser("create schema resetctl authorization " + it.db.owner());
  it.Plan();
  EXPECT_FALSE(it.plan.creates_resetctl_schema());
  it.ExpectCommitted();
}

TEST_F(PoorRoleTest, UsesAStrangersSchemaWhereItMayCreateTables) {
  it.db.ExecuteAsSuperuser("create schema resetctl");
  const v1::Problem problem = it.WholeProblems()[0];
  EXPECT_EQ(problem.reason(), v1::REASON_PRIVILEGE_MISSING);
  const std::string grant = "GRANT USAGE, CREATE ON SCHEMA resetctl TO " + it.db.owner() + ";";
  EXPECT_THAT(problem.advice(), HasSubstr(grant));
  it.db.ExecuteAsSuperuser(grant);
  it.ExpectCommitted();
  it.db.ExecuteAsSuperuser("revoke create on schema resetctl from " + it.db.owner());
  it.Plan();
  it.ExpectCommitted();
}

}  // namespace
}  // namespace resetctl::agent
