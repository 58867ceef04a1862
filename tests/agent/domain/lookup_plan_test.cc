#include "agent/domain/lookup_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/domain/columns_builder.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LookupPlanTest : public ::testing::Test {
 protected:
  LookupPlanTest() {
    catalog_.Tables({"brands", "items", "categories"});
    Columns("brands", {"id", "code"});
    Columns("items", {"id = gen()", "sku", "brand_id"});
    Columns("categories", {"id = gen()", "path", "parent_id"});
  }
  void Columns(const std::string& table, const std::vector<std::string>& names) {
    columns_[catalog_.Id(table)] = agent::Columns(names);
  }
  std::vector<PlannedLookup> Plan(const std::string& table, const contract::LookupSpec& lookup,
                                  const std::vector<std::string>& fields) {
    problems_.clear();
    return PlanLookups(TableIndex(*catalog_, *blueprint_), columns_, catalog_.Id(table), {lookup},
                       fields, &problems_);
  }
  std::string What() {
    return problems_.size() == 1 ? problems_[0].message() + " " + problems_[0].advice() : "";
  }

  ACatalog catalog_;
  ABlueprint blueprint_;
  ColumnsByTable columns_;
  std::vector<v1::Problem> problems_;
};

TEST_F(LookupPlanTest, TheForeignKeySaysWhichColumnIsTaken) {
  catalog_.References("items", "brands", "brand_id");
  catalog_->foreign_keys[0].from_columns = {"tenant", "brand_id"};
  catalog_->foreign_keys[0].to_columns = {"tenant", "uuid"};
  const auto planned = Plan("items", ALookup("brand_id", "brands", "code"), {"sku", "brand_id"});
  ASSERT_THAT(problems_, IsEmpty());
  EXPECT_EQ(planned[0].gives, "uuid");
  EXPECT_FALSE(planned[0].own);
}

TEST_F(LookupPlanTest, WithoutAForeignKeyThePrimaryKeyIsTaken) {
  EXPECT_EQ(Plan("items", ALookup("brand_id", "brands", "code"), {"brand_id"})[0].gives, "id");
  columns_[catalog_.Id("brands")].primary_key = {"id", "code"};
  Plan("items", ALookup("brand_id", "brands", "code"), {"brand_id"});
  EXPECT_THAT(What(), HasSubstr("has no foreign key to brands, whose primary key has several"));
  EXPECT_EQ(problems_[0].line(), 9);
  EXPECT_EQ(Plan("items", ALookup("brand_id", "brands", "code", "code"), {"brand_id"})[0].gives,
            "code");
}

TEST_F(LookupPlanTest, ALookupBesideTheForeignKeyIsRefusedUnlessItSaysWhatItTakes) {
  catalog_.References("items", "categories", "brand_id");
  Plan("items", ALookup("brand_id", "brands", "code"), {"brand_id"});
  EXPECT_THAT(What(), HasSubstr("items.brand_id refers to categories, not to brands"));
  EXPECT_EQ(Plan("items", ALookup("brand_id", "brands", "code", "id"), {"brand_id"}).size(), 1u);
}

TEST_F(LookupPlanTest, UnknownNamesAreRefusedWithTheClosest) {
  Plan("items", ALookup("brand_id", "brand", "code"), {"brand_id"});
  EXPECT_THAT(Brief(problems_), ElementsAre("NO_SUCH_TABLE brand"));
  EXPECT_THAT(What(), HasSubstr("Did you mean 'brands'?"));
  Plan("items", ALookup("brand_id", "brands", "cde"), {"brand_id"});
  EXPECT_THAT(What(), HasSubstr("brands has no column cde. Did you mean 'code'?"));
  Plan("items", ALookup("brnd_id", "brands", "code"), {"brnd_id"});
  EXPECT_THAT(What(), HasSubstr("items has no column brnd_id. Did you mean 'brand_id'?"));
  Plan("items", ALookup("brand_id", "brands", "code", "uid"), {"brand_id"});
  EXPECT_THAT(What(), HasSubstr("brands has no column uid."));
  Plan("items", ALookup("brand_id", "brands", "code"), {"sku", "brandid"});
  EXPECT_THAT(What(), HasSubstr("is to stand in brand_id, which is not given. Did you mean "
                                "'brandid'?"));
}

TEST_F(LookupPlanTest, ViewsAndTablesOutOfScopeCanBeRead) {
  catalog_.Table("shop.people");
  columns_[catalog_.Id("shop.people")] = agent::Columns({"id", "name"});
  catalog_.Table("people_view", RelationKind::kView);
  columns_[catalog_.Id("people_view")] = agent::Columns({"id", "name"});
  EXPECT_EQ(Plan("items", ALookup("brand_id", "shop.people", "name"), {"brand_id"}).size(), 1u);
  EXPECT_EQ(Plan("items", ALookup("brand_id", "people_view", "name"), {"brand_id"}).size(), 1u);
  Plan("items", ALookup("brand_id", "people", "name"), {"brand_id"});
  EXPECT_THAT(What(), HasSubstr("There is no table people"));
}

TEST_F(LookupPlanTest, WhatCannotBeReadIsNamedWithTheGrant) {
  catalog_->relations.at(catalog_.Id("brands")).may_select = false;
  Plan("items", ALookup("brand_id", "brands", "code"), {"brand_id"});
  EXPECT_THAT(Brief(problems_), ElementsAre("PRIVILEGE_MISSING items.brand_id"));
  EXPECT_THAT(What(), HasSubstr("GRANT SELECT ON public.brands TO app;"));
}

TEST_F(LookupPlanTest, AColumnIsGivenOrLookedUp) {
  contract::LookupSpec lookup = ALookup("brand_id", "brands", "code");
  lookup.by = {{"code", "brand_code"}};
  Plan("items", lookup, {"brand_id", "brand_code"});
  EXPECT_THAT(What(), HasSubstr("brand_id is given and looked up by other columns"));
}

TEST_F(LookupPlanTest, RowsOfOneFileFindEachOtherByWhatTheFileHolds) {
  catalog_.References("categories", "categories", "parent_id");
  const contract::LookupSpec parent = ALookup("parent_id", "categories", "path");
  const auto planned = Plan("categories", parent, {"path", "parent_id"});
  ASSERT_EQ(planned.size(), 1u);
  EXPECT_TRUE(planned[0].own);
  EXPECT_EQ(planned[0].gives, "id");
  Plan("categories", parent, {"parent_id"});
  EXPECT_THAT(What(), HasSubstr("found by categories.path, which the file does not give"));
  Columns("categories", {"id", "path", "parent_id"});
  Plan("categories", parent, {"path", "parent_id"});
  EXPECT_THAT(What(), HasSubstr("categories.id has no default"));
  EXPECT_EQ(Plan("categories", parent, {"id", "path", "parent_id"}).size(), 1u);
  Plan("categories", ALookup("parent_id", "categories", "path", "parent_id"),
       {"id", "path", "parent_id"});
  EXPECT_THAT(What(), HasSubstr("categories.parent_id is looked up itself"));
}

}  // namespace
}  // namespace resetctl::agent
