#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/postgres/survey.h"
#include "proto/base/file.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/digest.h"
#include "tests/agent/domain/catalog_builder.h"
#include "tests/agent/postgres/reset_scenario.h"
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
    bundle_.blueprint_path = file;
    bundle_.files[file] = base::ReadFile(kFolder + file).value();
    for (const std::string& name : contract::FilesNamedBy(bundle_.files[file])) {
      bundle_.files[name] = base::ReadFile(kFolder + name).value();
    }
    contract::ParsedBlueprint parsed = contract::ParseBlueprint(bundle_);
    EXPECT_THAT(Brief(parsed.problems), IsEmpty());
    blueprint_ = std::move(parsed.blueprint);
    steps_.clear();
    const auto with_sets = contract::StepsWithSets(blueprint_, sets);
    for (const auto& [set, step] : with_sets.value()) steps_.push_back(step);
    auto session = Session::Connect(base::Secret(db_.OwnerUrl()));
    EXPECT_TRUE(session.ok()) << session.status();
    auto survey =
        MakeDatabaseSurvey(**session, blueprint_, bundle_, steps_, base::Secret(), {}, memory_);
    EXPECT_TRUE(survey.ok()) << survey.status();
    return *std::move(survey);
  }

  // Runs what Plan() was asked for last, with parameters as an agent would have resolved them.
  ResetOutcome Run(v1::PlanDocument plan) {
    plan.set_environment("staging");
    plan.set_target("rental");
    ResolvedParameters parameters;
    for (const contract::ParameterSpec& spec : blueprint_.parameters) {
      ResolvedParameter& parameter = parameters[spec.name];
      parameter.name = spec.name;
      parameter.value = base::Secret(spec.fallback.value_or("value-of-" + spec.name));
      parameter.sql = !spec.secret;
    }
    PostgresTarget target(base::Secret(db_.OwnerUrl()), "staging", "rental");
    const std::string digest = contract::Digest(plan.SerializeAsString());
    const absl::StatusOr<int64_t> fence = target.Claim({"r-1", digest, "nonce", "alice"});
    EXPECT_TRUE(fence.ok()) << fence.status();
    ResetOrder order;
    order.run_id = "r-1";
    order.plan_digest = digest;
    order.fence = *fence;
    order.plan = &plan;
    order.blueprint = &blueprint_;
    order.bundle = &bundle_;
    order.steps = steps_;
    order.parameters = &parameters;
    RecordingObserver observer;
    return target.Reset(order, observer);
  }

  TestDatabase db_ = TestDatabase::Create();
  contract::BundleFiles bundle_;
  CatalogMemory memory_;
  contract::Blueprint blueprint_;
  std::vector<contract::RecreateStepSpec> steps_;
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

TEST_F(ExampleTest, MasterDataFindsItsReferencesByWhatPeopleKnow) {
  const ResetOutcome outcome = Run(Plan("blueprint.yaml", {"master-data"}).document);
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(outcome.result.rows_recreated(),
            133 + 132 + 1);  // the last is the line in change_notes
  EXPECT_THAT(db_.Column("select count(*) from categories group by category_level order by 1 desc"),
              ElementsAre("23", "16", "6"));
  EXPECT_EQ(db_.Scalar("select b.name || ', ' || c.category_path || ', ' || u.name from items i "
                       "join brands b on b.id = i.brand_id join categories c on c.id = "
                       "i.category_id join units_of_measurement u on u.id = i.unit_id "
                       "where i.sku = 'RM-0020'"),
            "Marrowby, Catering/Tableware/Glasses, Small, Box");
  EXPECT_EQ(db_.Scalar("select count(*) from items"), "20");
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
