#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/postgres/survey.h"
#include "proto/base/file.h"
#include "proto/contract/blueprint.h"
#include "tests/agent/domain/catalog_builder.h"
#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {
namespace {

using support::TestDatabase;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kFolder = std::string(RESETCTL_SOURCE_DIR) + "/deploy/examples/rental-manager/";

// The example application, as its team would plan it.
class ExampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db_.RunPsql(kFolder + "schema.sql");
    db_.RunPsql(kFolder + "fill.sql", {"rows=2000"});
  }

  Survey Plan(const std::string& file, const std::vector<std::string>& sets = {}) {
    contract::BundleFiles bundle;
    bundle.blueprint_path = file;
    bundle.files[file] = base::ReadFile(kFolder + file).value();
    for (const std::string& name : contract::FilesNamedBy(bundle.files[file])) {
      bundle.files[name] = base::ReadFile(kFolder + name).value();
    }
    const contract::ParsedBlueprint parsed = contract::ParseBlueprint(bundle);
    EXPECT_THAT(Brief(parsed.problems), IsEmpty());
    std::vector<contract::RecreateStepSpec> steps;
    const auto with_sets = contract::StepsWithSets(parsed.blueprint, sets);
    for (const auto& [set, step] : with_sets.value()) steps.push_back(step);
    auto session = Session::Connect(base::Secret(db_.OwnerUrl()));
    EXPECT_TRUE(session.ok()) << session.status();
    auto survey =
        MakeDatabaseSurvey(**session, parsed.blueprint, bundle, steps, base::Secret(), {});
    EXPECT_TRUE(survey.ok()) << survey.status();
    return *std::move(survey);
  }

  TestDatabase db_ = TestDatabase::Create();
};

TEST_F(ExampleTest, EverythingIsAccountedForWithThePartsOfMasterData) {
  const Survey survey = Plan("blueprint.yaml", {"master-data"});
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  const v1::PlanDocument& plan = survey.document;
  EXPECT_EQ(plan.groups_size(), 9);
  EXPECT_EQ(plan.groups(0).name(), "Analytics & Monitoring");
  EXPECT_EQ(plan.kept_size(), 3);
  EXPECT_GE(plan.rows_total(), 2000 - 100);
  int64_t tables = plan.kept_size(), rows = 0, csv = 0;
  for (const v1::ClearGroup& group : plan.groups()) {
    tables += group.tables_size();
    for (const v1::ClearTable& table : group.tables()) {
      rows += table.rows();
      EXPECT_EQ(std::to_string(table.rows()), db_.Scalar("select count(*) from " + table.name()));
    }
  }
  EXPECT_EQ(rows, plan.rows_total());
  EXPECT_EQ(std::to_string(tables),
            db_.Scalar("select count(*) from pg_tables where schemaname = 'public'"));
  for (const v1::RecreateStep& step : plan.recreate())
    csv += step.kind() == "csv" ? step.rows() : 0;
  EXPECT_EQ(csv, 132);
}

TEST_F(ExampleTest, TransactionsOnlyIsANarrowerScopeOfTheSameApplication) {
  const Survey survey = Plan("transactions-only.yaml");
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_LT(survey.document.groups_size(), 9);
}

TEST_F(ExampleTest, AMigrationThatBringsATableMakesThePlanARefusal) {
  db_.RunPsql(kFolder + "unlisted.sql");
  const Survey survey = Plan("blueprint.yaml");
  EXPECT_THAT(Brief(survey.problems), ElementsAre("UNLISTED_TABLES booking_headers"));
  EXPECT_THAT(survey.problems[0].message(), HasSubstr("booking_headers (1,204 rows)"));
}

TEST_F(ExampleTest, AHandCopiedListIsRefusedForEachOfItsReasonsAtOnce) {
  const Survey survey = Plan("hand-copied.yaml");
  std::vector<std::string> reasons;
  for (const v1::Problem& problem : survey.problems) {
    reasons.push_back(contract::NameOf(problem.reason()));
    EXPECT_FALSE(problem.message().empty() || problem.advice().empty());
  }
  EXPECT_THAT(reasons, ::testing::IsSupersetOf(
                           {"NO_SUCH_TABLE", "UNLISTED_TABLES", "KEPT_REFERENCES_CLEARED"}));
}

}  // namespace
}  // namespace resetctl::agent
