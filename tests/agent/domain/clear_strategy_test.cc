#include "agent/domain/clear_strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/domain/table_index.h"
#include "tests/agent/domain/catalog_builder.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int64_t kSmall = 8192;
constexpr int64_t kLarge = kLargeHeapBytes + 1;

// Clears every table but those in `keep`, and says how: 'users delete: small'.
class StrategyTest : public ::testing::Test {
 protected:
  Relation& Table(const std::string& name, int64_t bytes) {
    Relation& table = catalog_.Table(name);
    table.heap_bytes = bytes;
    return table;
  }

  void Plan(const std::vector<std::string>& keep = {}) {
    for (const auto& [oid, relation] : catalog_->relations) {
      counted_.tables.try_emplace(oid, RowCount{relation.heap_bytes > 0 ? 10 : 0, false});
    }
    blueprint_.Clear("All", {"*"}).Keep(keep);
    plan_ = PlanClear(*catalog_, *blueprint_, {}, counted_);
  }

  std::vector<std::string> Strategies() const {
    std::vector<std::string> lines;
    for (const auto& [oid, chosen] : plan_.strategies) {
      const char* words[] = {"untouched", "truncate", "delete"};
      lines.push_back(catalog_.NameOf(oid) + " " + words[static_cast<int>(chosen.strategy)] + ": " +
                      chosen.reason);
    }
    return lines;
  }

  std::vector<std::vector<std::string>> Deleted() const {
    std::map<Oid, ClearStrategy> strategies;
    for (const auto& [oid, chosen] : plan_.strategies) strategies[oid] = chosen.strategy;
    const TableIndex index(*catalog_, *blueprint_);
    std::vector<std::vector<std::string>> names;
    for (const auto& component : OrderClear(index, plan_, strategies).deleted) {
      names.push_back(catalog_.NamesOf(component));
    }
    return names;
  }

  ACatalog catalog_;
  ABlueprint blueprint_;
  CountedRows counted_;
  ClearPlan plan_;
};

TEST_F(StrategyTest, LeavesEmptyHeapsAloneDeletesSmallOnesAndTruncatesLargeOnes) {
  Table("empty", 0);
  Table("small", kSmall);
  Table("large", kLarge);
  Plan();
  EXPECT_THAT(Strategies(), UnorderedElementsAre("empty untouched: empty", "small delete: small",
                                                 "large truncate: large"));
}

TEST_F(StrategyTest, ClosesTheTruncatedOverWhatReferencesThem) {
  Table("orders", kLarge);
  Table("lines", kSmall);
  Table("notes", 0);
  Table("users", kSmall);
  catalog_.References("lines", "orders").References("notes", "lines").References("orders", "users");
  Plan();
  EXPECT_THAT(Strategies(),
              UnorderedElementsAre(
                  "orders truncate: large", "lines truncate: references orders, which is truncated",
                  "notes truncate: references lines, which is truncated", "users delete: small"));
}

TEST_F(StrategyTest, TruncatesWhereDeleteWouldScanForEachRow) {
  Table("parents", kSmall);
  Table("children", kSmall);
  catalog_.References("children", "parents");
  counted_.tables[catalog_.Id("parents")] = {kManyRows + 1, false};
  Plan();
  EXPECT_THAT(Strategies(),
              UnorderedElementsAre("parents truncate: referenced by children without an index",
                                   "children truncate: references parents, which is truncated"));
}

TEST_F(StrategyTest, DeletesWhereAnIndexFindsTheReferencesOrThereAreNone) {
  Table("parents", kSmall);
  Table("children", kSmall);
  Table("roots", kSmall);
  Table("none", 0);
  catalog_.References("children", "parents").References("none", "roots");
  catalog_->foreign_keys[0].supporting_index = true;
  counted_.tables[catalog_.Id("parents")] = {100000, false};
  counted_.tables[catalog_.Id("roots")] = {100000, false};
  Plan();
  EXPECT_THAT(Strategies(), UnorderedElementsAre("parents delete: small", "children delete: small",
                                                 "roots delete: small", "none untouched: empty"));
}

TEST_F(StrategyTest, TruncatesWhereDeleteDoesSomethingElse) {
  Table("hidden", kSmall).row_security_hides = true;
  Relation& published = Table("published", kSmall);
  published.published = true;
  published.has_replica_identity = false;
  Table("ruled", kSmall).delete_rule = true;
  Table("audited", kSmall);
  Table("granted", kSmall).may_delete = false;
  catalog_.Fires("audit", "audited").on_delete = true;
  Plan();
  EXPECT_THAT(Strategies(),
              UnorderedElementsAre("hidden truncate: row security hides its rows",
                                   "published truncate: published without a replica identity",
                                   "ruled truncate: a rule rewrites DELETE",
                                   "audited truncate: trigger audit fires on DELETE",
                                   "granted truncate: DELETE is not granted"));
}

TEST_F(StrategyTest, TheIdentityOfThePartitionsIsWhatDeleteAsksFor) {
  Relation& root = catalog_.Table("events", RelationKind::kPartitioned);
  root.published = root.has_replica_identity = true;
  catalog_.Partition("events", "events_1");
  Relation& part = catalog_->relations[catalog_.Id("events_1")];
  part.heap_bytes = kSmall;
  part.has_replica_identity = false;
  Plan();
  EXPECT_THAT(Strategies(), ElementsAre("events truncate: published without a replica identity"));
}

TEST_F(StrategyTest, TruncatesWhatIsLargeBesideItsHeap) {
  Table("letters", kSmall).bytes = kLargeTotalBytes + 1;
  Plan();
  EXPECT_THAT(Strategies(), ElementsAre("letters truncate: large with what is stored beside it"));
}

TEST_F(StrategyTest, UnderTheLocksEmptyTablesAreLeftAloneUnlessTruncateHasToNameThem) {
  for (const char* name : {"orders", "lines", "trail", "audit", "filled", "emptied"}) {
    Table(name, 0);
  }
  catalog_.References("lines", "orders").References("trail", "audit");
  for (const char* name : {"orders", "filled"}) {
    catalog_->relations[catalog_.Id(name)].heap_bytes = kSmall;
  }
  blueprint_.Clear("All", {"*"});
  const TableIndex index(*catalog_, *blueprint_);
  const ClearPlan plan = PlanClear(*catalog_, *blueprint_, {}, counted_);
  std::map<Oid, ClearStrategy> strategies;
  for (const char* name : {"orders", "lines", "trail", "audit"}) {
    strategies[catalog_.Id(name)] = ClearStrategy::kTruncate;
  }
  strategies[catalog_.Id("filled")] = ClearStrategy::kUntouched;
  strategies[catalog_.Id("emptied")] = ClearStrategy::kDelete;
  SettleStrategies(index, plan.cleared_roots, &strategies);
  const auto chosen = [&](const char* name) { return strategies.at(catalog_.Id(name)); };
  EXPECT_EQ(chosen("orders"), ClearStrategy::kTruncate);
  EXPECT_EQ(chosen("lines"), ClearStrategy::kTruncate);
  EXPECT_EQ(chosen("trail"), ClearStrategy::kUntouched);
  EXPECT_EQ(chosen("audit"), ClearStrategy::kUntouched);
  EXPECT_EQ(chosen("filled"), ClearStrategy::kDelete);
  EXPECT_EQ(chosen("emptied"), ClearStrategy::kUntouched);
}

TEST_F(StrategyTest, TakesNoNoticeOfDisabledTriggers) {
  Table("audited", kSmall);
  Trigger& trigger = catalog_.Fires("audit", "audited");
  trigger.on_delete = true;
  trigger.enabled = 'D';
  Plan();
  EXPECT_THAT(Strategies(), ElementsAre("audited delete: small"));
}

TEST_F(StrategyTest, TakesAPartitionTreeAsOne) {
  catalog_.Table("events", RelationKind::kPartitioned);
  catalog_.Partition("events", "events_1").Partition("events", "events_2");
  catalog_->relations[catalog_.Id("events_1")].heap_bytes = kLarge / 2 + 1;
  catalog_->relations[catalog_.Id("events_2")].heap_bytes = kLarge / 2 + 1;
  Plan();
  EXPECT_THAT(Strategies(), ElementsAre("events truncate: large"));
}

TEST_F(StrategyTest, DeletesWhatKeptRowsReferenceByNullAlone) {
  Table("customers", kLarge);
  Table("regions", kLarge);
  Table("contacts", kSmall);
  catalog_.References("contacts", "customers").References("customers", "regions");
  blueprint_.KeptReferences(contract::KeptReferences::kWhenNull);
  counted_.references[catalog_->foreign_keys[0].oid] = 0;
  Plan({"contacts"});
  EXPECT_THAT(plan_.problems, IsEmpty());
  EXPECT_THAT(
      Strategies(),
      UnorderedElementsAre("customers delete: kept contacts references it",
                           "regions delete: referenced by customers, which cannot be truncated"));
}

TEST_F(StrategyTest, RefusesWhatCanNeitherBeTruncatedNorDeletedFrom) {
  Table("customers", kSmall).row_security_hides = true;
  Table("contacts", kSmall);
  catalog_.References("contacts", "customers");
  blueprint_.KeptReferences(contract::KeptReferences::kWhenNull);
  Plan({"contacts"});
  EXPECT_THAT(Brief(plan_.problems), ElementsAre("KEPT_REFERENCES_CLEARED customers"));
}

TEST_F(StrategyTest, RefusesKeptRowsThatDoReference) {
  Table("customers", kSmall);
  Table("contacts", kSmall);
  catalog_.References("contacts", "customers");
  blueprint_.KeptReferences(contract::KeptReferences::kWhenNull);
  counted_.references[catalog_->foreign_keys[0].oid] = 3;
  Plan({"contacts"});
  ASSERT_EQ(plan_.problems.size(), 1u);
  EXPECT_EQ(plan_.problems[0].reason(), v1::REASON_KEPT_REFERENCES_CLEARED);
}

TEST_F(StrategyTest, DeletesReferencingTablesFirstAndCyclesAtOnce) {
  for (const char* name : {"a", "b", "c", "d", "e"}) Table(name, kSmall);
  catalog_.References("e", "d").References("d", "b").References("b", "c").References("c", "b");
  catalog_.References("a", "a");
  Plan();
  EXPECT_THAT(Deleted(), ElementsAre(ElementsAre("a"), ElementsAre("e"), ElementsAre("d"),
                                     ElementsAre("b", "c")));
}

TEST_F(StrategyTest, ForecastsWhatWasMeasured) {
  Relation& table = Table("items", 55 << 20);
  table.bytes = 123 << 20;
  table.indexes = 2;
  table.may_truncate = false;
  counted_.tables[table.oid] = {1000000, false};
  Plan();
  const TableIndex index(*catalog_, *blueprint_);
  const ClearCost cost = ForecastCost(index, plan_, counted_);
  EXPECT_EQ(cost.dead_bytes, 123 << 20);
  EXPECT_NEAR(static_cast<double>(cost.wal_bytes), 111e6, 10e6);
  EXPECT_EQ(cost.lock_entries, 3);
}

}  // namespace
}  // namespace resetctl::agent
