#include "agent/domain/recreate_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/domain/columns_builder.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecreatePlanTest : public ::testing::Test {
 protected:
  RecreatePlanTest() {
    catalog_.Tables({"brands", "items"});
    blueprint_.Clear("B", {"brands", "items"});
    columns_[catalog_.Id("brands")] = Columns({"id = gen()", "Name", "code"});
    columns_[catalog_.Id("items")] = Columns({"id = gen()", "sku", "brand_id"});
    columns_[catalog_.Id("items")].columns.push_back({"label", "text", "", "", "", true});
  }
  std::vector<v1::RecreateStep> Describe(const std::vector<contract::RecreateStepSpec>& steps) {
    const ClearPlan plan = PlanClear(*catalog_, *blueprint_, steps);
    const TableIndex index(*catalog_, *blueprint_);
    read_ = TablesOfSteps(index, plan, steps);
    problems_.clear();
    return DescribeSteps(index, plan, steps, bundle_, columns_, &problems_);
  }
  contract::RecreateStepSpec Items(const std::string& file,
                                   const std::vector<contract::LookupSpec>& lookups) {
    contract::RecreateStepSpec step = CsvInto("Items", "items", file);
    std::get<contract::CsvStep>(step.what).lookups = lookups;
    return step;
  }

  ACatalog catalog_;
  ABlueprint blueprint_;
  ColumnsByTable columns_;
  contract::BundleFiles bundle_;
  std::vector<Oid> read_;
  std::vector<v1::Problem> problems_;
};

TEST_F(RecreatePlanTest, DescribesStepsAndNamesColumnsThatAreNotThere) {
  bundle_.files = {{"a.sql", "select 1; select 2;"},
                   {"good.csv", "Name,code\nA,1\nB,2\n"},
                   {"bad.csv", "name,code\nA,1\n"},
                   {"empty.csv", "code\n"}};
  const std::vector<v1::RecreateStep> lines =
      Describe({SqlFrom("Admin", "a.sql"), CsvInto("Good", "brands", "good.csv"),
                CsvInto("Bad", "brands", "bad.csv"), CsvInto("Empty", "brands", "empty.csv")});
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].statements(), 2);
  EXPECT_EQ(lines[0].rows(), -1);
  EXPECT_EQ(lines[1].rows(), 2);
  EXPECT_EQ(lines[1].table(), "brands");
  EXPECT_THAT(Brief(problems_), ElementsAre("CSV_INVALID brands.name", "CSV_INVALID"));
  EXPECT_EQ(problems_[0].file(), "bad.csv");
}

TEST_F(RecreatePlanTest, AGeneratedColumnTakesNoValues) {
  bundle_.files = {{"i.csv", "sku,label\na,b\n"}};
  Describe({Items("i.csv", {})});
  EXPECT_THAT(Brief(problems_), ElementsAre("CSV_INVALID items.label"));
  EXPECT_THAT(problems_[0].message(), HasSubstr("is generated"));
}

TEST_F(RecreatePlanTest, AWrongDelimiterIsGuessed) {
  bundle_.files = {{"i.csv", "sku;brand_id\na;b\n"}};
  Describe({Items("i.csv", {})});
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].advice(), "Say `delimiter: ';'` if that is what separates its values.");
}

TEST_F(RecreatePlanTest, LookupsAreReadAndCheckedWithTheirStep) {
  bundle_.files = {{"i.csv", "sku,brand_id\na,b\n"}};
  Describe({Items("i.csv", {ALookup("brand_id", "brands", "code")})});
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_THAT(catalog_.NamesOf(read_), ElementsAre("brands", "items"));
  Describe({Items("i.csv", {ALookup("brand_id", "brands", "cod")})});
  EXPECT_THAT(Brief(problems_), ElementsAre("BLUEPRINT_INVALID items.brand_id"));
}

TEST_F(RecreatePlanTest, AColumnThatOnlyHoldsAKeyNeedNotExist) {
  bundle_.files = {{"i.csv", "sku,brand_code,brand_name\na,b,c\n"}};
  contract::LookupSpec lookup = ALookup("brand_id", "brands", "code");
  lookup.by = {{"code", "brand_code"}, {"Name", "brand_name"}};
  Describe({Items("i.csv", {lookup})});
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(RecreatePlanTest, ARowGivesAKeyWholeOrNotAtAll) {
  contract::LookupSpec lookup = ALookup("brand_id", "brands", "code");
  lookup.by = {{"code", "brand_code"}, {"Name", "brand_name"}};
  contract::RecreateStepSpec step = RowsInto("R", "items");
  auto& rows = std::get<contract::RowsStep>(step.what);
  rows.lookups = {lookup};
  rows.rows = {{{"sku", {}}},
               {{"sku", {}}, {"brand_code", {}}},
               {{"sku", {}}, {"brand_code", {}}, {"brand_name", {}}}};
  rows.places = {{"b.yaml", 3, 1}, {"b.yaml", 4, 1}, {"b.yaml", 5, 1}};
  Describe({step});
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].line(), 4);
  EXPECT_EQ(problems_[0].advice(), "Add brand_name.");
}

}  // namespace
}  // namespace resetctl::agent
