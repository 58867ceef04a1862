#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/domain/table_patterns.h"
#include "tests/agent/domain/catalog_builder.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Kept(const ACatalog& catalog, const ClearPlan& plan) {
  std::vector<std::string> lines;
  for (const PlannedKeep& keep : plan.kept) {
    lines.push_back(catalog.NameOf(keep.table) + ": " + keep.why);
  }
  return lines;
}

TEST(TableListsTest, PutsEveryTableInOneListInTheBlueprintsOrder) {
  ACatalog catalog;
  catalog.Tables({"users", "roles", "rental_b", "rental_a", "contact_persons", "alembic_version"});
  ABlueprint blueprint;
  blueprint.Clear("Rentals", {"rental_*"})
      .Clear("People", {"users", "roles"})
      .Keep({"contact_persons"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_EQ(plan.groups[0].name, "Rentals");
  EXPECT_THAT(catalog.NamesOf(plan.groups[0].tables), ElementsAre("rental_a", "rental_b"));
  EXPECT_THAT(catalog.NamesOf(plan.groups[1].tables), ElementsAre("roles", "users"));
  EXPECT_THAT(Kept(catalog, plan), ElementsAre("alembic_version: migration history",
                                               "contact_persons: kept by the blueprint"));
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots),
              ElementsAre("rental_a", "rental_b", "roles", "users"));
}

TEST(TableListsTest, RefusesAllUnlistedTablesAtOnceWithAFragmentToPaste) {
  ACatalog catalog;
  catalog.Tables({"users", "booking_headers", "ip_whitelist", "Odd Name"});
  ABlueprint blueprint;
  blueprint.Clear("People", {"users"});
  CountedRows counted;
  counted.tables[catalog.Id("booking_headers")] = {1204, false};
  counted.tables[catalog.Id("ip_whitelist")] = {1, false};
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {}, counted);
  EXPECT_THAT(Brief(plan.problems),
              ElementsAre("UNLISTED_TABLES \"Odd Name\" booking_headers ip_whitelist"));
  EXPECT_EQ(
      plan.problems[0].message(),
      "3 tables of schema public are in no list: \"Odd Name\", booking_headers (1,204 rows) and "
      "ip_whitelist (1 row).");
  EXPECT_THAT(
      plan.problems[0].advice(),
      HasSubstr(
          "  - group: Unsorted\n    tables: ['\"Odd Name\"', booking_headers, ip_whitelist]"));
}

TEST(TableListsTest, ClearsUnlistedTablesInAGroupOfTheirOwnWhenTold) {
  ACatalog catalog;
  catalog.Tables({"users", "leftover", "schema_migrations"});
  ABlueprint blueprint;
  blueprint.Clear("People", {"users"}).Unlisted(contract::Unlisted::kClear);
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_EQ(plan.groups[1].name, "Unlisted");
  EXPECT_THAT(catalog.NamesOf(plan.groups[1].tables), ElementsAre("leftover"));
  EXPECT_THAT(Kept(catalog, plan), ElementsAre("schema_migrations: migration history"));
}

TEST(TableListsTest, ExactBeatsPattern) {
  ACatalog catalog;
  catalog.Tables({"rental_lines", "rental_archive", "kept_a", "kept_b"});
  ABlueprint blueprint;
  blueprint.Clear("R", {"rental_*", "kept_b"}).Keep({"rental_archive", "kept_*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots), ElementsAre("kept_b", "rental_lines"));
}

TEST(TableListsTest, AnExplicitClearBeatsADefaultKeepAndADefaultKeepBeatsPatterns) {
  ACatalog catalog;
  catalog.Tables({"django_migrations", "django_sessions", "data_migrations"});
  catalog.Table("spatial_ref_sys").extension = "postgis";
  ABlueprint blueprint;
  blueprint.Clear("D", {"django_*", "data_migrations", "s*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots),
              ElementsAre("data_migrations", "django_sessions"));
  EXPECT_THAT(Kept(catalog, plan), ElementsAre("django_migrations: migration history",
                                               "spatial_ref_sys: belongs to extension postgis"));
}

TEST(TableListsTest, KeepsMigrationHistoryInEverySchemaOfTheScope) {
  ACatalog catalog;
  catalog.Tables({"a.alembic_version", "b.alembic_version", "a.t", "b.knex_migrations_lock"});
  ABlueprint blueprint;
  blueprint.Schemas({"a", "b"}).Clear("T", {"t"}).Keep({"alembic_version"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_EQ(plan.kept.size(), 3u);
}

TEST(TableListsTest, RefusesATableInTwoLists) {
  ACatalog catalog;
  catalog.Tables({"users", "roles", "rental_x_log"});
  ABlueprint blueprint;
  blueprint.Clear("A", {"users", "roles", "rental_*"})
      .Clear("B", {"roles"})
      .Keep({"users", "*_log"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems),
              ElementsAre("LISTED_TWICE rental_x_log", "LISTED_TWICE roles", "LISTED_TWICE users"));
  EXPECT_EQ(plan.problems[2].line(), 7);
  EXPECT_THAT(plan.problems[1].message(),
              HasSubstr("clear group 'A' (roles, line 7) and clear group 'B'"));
  EXPECT_THAT(plan.cleared_roots, IsEmpty());
}

TEST(TableListsTest, PutsATableThatTwoClearPatternsMatchIntoTheFirstGroup) {
  ACatalog catalog;
  catalog.Tables({"rental_log"});
  ABlueprint blueprint;
  blueprint.Clear("A", {"rental_*"}).Clear("B", {"*_log"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  ASSERT_EQ(plan.groups.size(), 1u);
  EXPECT_EQ(plan.groups[0].name, "A");
}

TEST(TableListsTest, NamesWhatIsNotThereAndWhatWasMeant) {
  ACatalog catalog;
  catalog.Tables({"rental_lifecycles", "users"});
  ABlueprint blueprint;
  blueprint.Clear("A", {"rental_lifecycle", "Users", "audit_*"}, {"legacy_reports", "old_*"})
      .Keep({"userz"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(
      Brief(plan.problems),
      ElementsAre("NO_SUCH_TABLE rental_lifecycle", "NO_SUCH_TABLE Users", "NO_SUCH_TABLE audit_*",
                  "NO_SUCH_TABLE userz", "UNLISTED_TABLES rental_lifecycles users"));
  EXPECT_THAT(plan.problems[0].advice(), HasSubstr("rental_lifecycles"));
  EXPECT_EQ(plan.problems[0].file(), "blueprint.yaml");
}

TEST(TableListsTest, RefusesANameThatTwoSchemasHave) {
  ACatalog catalog;
  catalog.Tables({"a.users", "b.users"});
  ABlueprint blueprint;
  blueprint.Schemas({"a", "b"}).Clear("U", {"users"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems),
              ElementsAre("AMBIGUOUS_TABLE a.users b.users", "UNLISTED_TABLES a.users b.users"));
  ABlueprint exact;
  exact.Schemas({"a", "b"}).Clear("U", {"a.users"}).Keep({"b.users"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *exact, {}).problems), IsEmpty());
}

TEST(TableListsTest, TellsSchemaWithADotFromTableWithADot) {
  ACatalog catalog;
  Relation& one = catalog.Table("c");
  one.schema = "a.b";
  Relation& two = catalog.Table("x");
  two.schema = "a";
  two.name = "b.c";
  catalog.Schema("a").Schema("a.b");
  ABlueprint blueprint;
  blueprint.Schemas({"a", "a.b"}).Clear("U", {"\"a.b\".c"}).Keep({"a.\"b.c\""});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots), ElementsAre("c"));
}

TEST(TableListsTest, NamesSchemasThatAreNotThereAndListsTheOnesOutOfScope) {
  ACatalog catalog;
  catalog.Tables({"t", "pgboss.job", "resetctl.ledger"});
  ABlueprint blueprint;
  blueprint.Schemas({"public", "pgbos"}).Clear("T", {"t"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), ElementsAre("NO_SUCH_SCHEMA pgbos"));
  EXPECT_THAT(plan.problems[0].advice(), HasSubstr("pgboss"));
  EXPECT_THAT(plan.out_of_scope, ElementsAre("pgboss"));
}

TEST(TableListsTest, NeverClearsItsOwnSchema) {
  ACatalog catalog;
  catalog.Tables({"t", "resetctl.ledger"});
  ABlueprint blueprint;
  blueprint.Schemas({"public", "resetctl"})
      .Clear("T", {"t", "resetctl.ledger", "resetctl.*"})
      .Unlisted(contract::Unlisted::kClear);
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems),
              ElementsAre("UNSUPPORTED_RELATION resetctl", "UNSUPPORTED_RELATION resetctl.ledger",
                          "UNSUPPORTED_RELATION resetctl.*"));
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots), ElementsAre("t"));
}

TEST(TableListsTest, RefusesViewsAndSequencesByName) {
  ACatalog catalog;
  catalog.Tables({"t"});
  catalog.Table("v", RelationKind::kView);
  catalog.Table("mv", RelationKind::kMaterializedView);
  ABlueprint blueprint;
  blueprint.Clear("T", {"t", "v"}).Keep({"mv"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems),
              ElementsAre("UNSUPPORTED_RELATION v", "UNSUPPORTED_RELATION mv"));
}

TEST(TableListsTest, TakesAPartitionTreeAsOne) {
  ACatalog catalog;
  catalog.Table("events", RelationKind::kPartitioned);
  catalog.Partition("events", "events_2023")
      .Partition("events", "events_2024", RelationKind::kPartitioned);
  catalog.Partition("events_2024", "events_2024_01");
  ABlueprint blueprint;
  blueprint.Clear("E", {"events*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots), ElementsAre("events"));
  EXPECT_EQ(plan.cleared.size(), 4u);
}

TEST(TableListsTest, RefusesAMixedPartitionTree) {
  ACatalog catalog;
  catalog.Table("events", RelationKind::kPartitioned);
  catalog.Partition("events", "events_2023").Partition("events", "events_2024");
  const std::vector<ABlueprint> mixed = {
      ABlueprint().Clear("E", {"events"}).Keep({"events_2023"}),
      ABlueprint().Clear("E", {"events"}).Keep({"events_*"}),
      ABlueprint().Clear("E", {"events_2023"}).Keep({"events"}),
      ABlueprint().Clear("E", {"events_2023"}),
  };
  for (const ABlueprint& blueprint : mixed) {
    const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
    EXPECT_THAT(Brief(plan.problems), ElementsAre("UNSUPPORTED_RELATION events_2023"));
    EXPECT_THAT(plan.cleared_roots, IsEmpty());
  }
  // The root is kept by name; a pattern that its partitions happen to match takes nothing away.
  ABlueprint kept;
  kept.Clear("E", {"events_*"}).Keep({"events"});
  EXPECT_THAT(PlanClear(*catalog, *kept, {}).cleared_roots, IsEmpty());
}

TEST(TableListsTest, RefusesForeignTablesAndForeignPartitions) {
  ACatalog catalog;
  catalog.Tables({"t"});
  catalog.Table("remote", RelationKind::kForeign);
  catalog.Table("events", RelationKind::kPartitioned);
  catalog.Partition("events", "events_far", RelationKind::kForeign);
  ABlueprint named;
  named.Clear("T", {"t", "remote", "events"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *named, {}).problems),
              ElementsAre("UNSUPPORTED_RELATION events_far", "UNSUPPORTED_RELATION remote"));
  ABlueprint pattern;
  pattern.Clear("T", {"t", "rem*"}).Keep({"events"}).Unlisted(contract::Unlisted::kClear);
  const ClearPlan plan = PlanClear(*catalog, *pattern, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(Kept(catalog, plan),
              ElementsAre("events: kept by the blueprint", "remote: foreign table"));
}

TEST(TableListsTest, GivesEachChildOfPlainInheritanceItsOwnLine) {
  ACatalog catalog;
  catalog.Tables({"cities"});
  const Oid parent = catalog.Id("cities");
  catalog.Table("capitals").inherits = {parent};
  ABlueprint blueprint;
  blueprint.Clear("C", {"cities"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems),
              ElementsAre("UNLISTED_TABLES capitals"));
  blueprint.Keep({"capitals"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.cleared_roots), ElementsAre("cities"));
}

TEST(TableListsTest, SaysThatNothingWouldBeCleared) {
  ACatalog catalog;
  catalog.Tables({"alembic_version"});
  ABlueprint blueprint;
  blueprint.Clear("A", {}, {"users", "rental_*"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems), ElementsAre("NOTHING_TO_CLEAR"));
}

TEST(GlobTest, KnowsOneWildcard) {
  EXPECT_TRUE(GlobMatches("rental_*", "rental_"));
  EXPECT_TRUE(GlobMatches("*_log*", "a_log_b"));
  EXPECT_TRUE(GlobMatches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(GlobMatches("rental_*", "Rental_x"));
  EXPECT_FALSE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a*b", "abc"));
  EXPECT_TRUE(GlobMatches("*", ""));
}

}  // namespace
}  // namespace resetctl::agent
